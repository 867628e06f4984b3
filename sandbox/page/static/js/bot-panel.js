/** The bot: start its process, stop it, kill it, read its log; remove it from the server, invite it. */

import { el } from "./dom.js";
import { plainButton } from "./relay-panel.js";
import { translate } from "./texts.js";

/** Pixels from the end of the log within which it follows what is added. */
const NEAR_THE_END = 40;

export class BotPanel {
  constructor(store, actions) {
    this.store = store;
    this.state = el("p", { class: "bot-state", role: "status" });
    this.start = plainButton("start-bot", () => actions.request("bot", { action: "start" }), "start");
    this.stop = plainButton("stop-bot", () => actions.request("bot", { action: "stop" }), "stop");
    this.kill = plainButton("kill-bot", () => actions.request("bot", { action: "kill" }), "kill");
    this.remove = plainButton("remove-bot", () => actions.request("membership", { invited: false }), "remove");
    this.invite = plainButton("invite-bot", () => actions.request("membership", { invited: true }), "invite");
    this.log = el("pre", { class: "log", tabindex: "0", "data-label": "bots-log" });
    this.root = el(
      "section",
      { class: "panel" },
      this.state,
      el("div", { class: "button-row" }, this.start, this.stop, this.kill),
      el("p", { class: "quiet", "data-text": "promise" }),
      el("h3", { "data-text": "its-server" }),
      el("div", { class: "button-row" }, this.remove, this.invite),
      el("h3", { "data-text": "its-log" }),
      this.log,
    );
    for (const kind of ["snapshot", "process"]) store.on(kind, () => this.draw());
  }

  draw() {
    const { process } = this.store;
    if (!process) return;
    const ended = process.state === "off" && process.exit_code !== null;
    this.state.textContent = translate(ended ? "process-ended" : `process-${process.state}`, { code: process.exit_code });
    this.state.dataset.state = process.state;
    this.start.disabled = process.state !== "off";
    this.stop.disabled = !["on", "starting"].includes(process.state);
    this.kill.disabled = process.state === "off";
    this.remove.disabled = !this.store.invited;
    this.invite.disabled = this.store.invited;
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_THE_END;
    this.log.textContent = process.log.join("\n");
    if (atEnd) this.shown();
  }

  /** Show the newest line: a panel that is hidden cannot be scrolled. */
  shown() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}
