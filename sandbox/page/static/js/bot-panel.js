/** The bot's process: start it, stop it, kill it, and read what it logged. */

import { el } from "./dom.js";
import { plainButton } from "./relay-panel.js";

const STATES = { off: "does not run", starting: "is starting…", on: "is running", ending: "is ending…" };

export class BotPanel {
  constructor(store, actions) {
    this.store = store;
    this.state = el("p", { class: "bot-state", role: "status" });
    this.start = plainButton("Start", () => actions.request("bot", { action: "start" }), "start");
    this.stop = plainButton("Stop", () => actions.request("bot", { action: "stop" }), "stop");
    this.kill = plainButton("Kill (SIGKILL)", () => actions.request("bot", { action: "kill" }), "kill");
    this.log = el("pre", { class: "log", tabindex: "0", "aria-label": "The bot's log" });
    this.root = el(
      "section",
      { class: "panel" },
      this.state,
      el("div", { class: "button-row" }, this.start, this.stop, this.kill),
      el("p", { class: "quiet", text: "Each watch ends in exactly one message, whatever you do here: that is its promise." }),
      el("h3", { text: "Its log" }),
      this.log,
    );
    for (const kind of ["snapshot", "process"]) store.on(kind, () => this.draw());
  }

  draw() {
    const { process } = this.store;
    if (!process) return;
    const code = process.state === "off" && process.exit_code !== null ? ` (it ended with ${process.exit_code})` : "";
    this.state.textContent = `The bot ${STATES[process.state]}${code}.`;
    this.state.dataset.state = process.state;
    this.start.disabled = process.state !== "off";
    this.stop.disabled = !["on", "starting"].includes(process.state);
    this.kill.disabled = process.state === "off";
    this.log.textContent = process.log.join("\n");
    this.log.scrollTop = this.log.scrollHeight;
  }
}
