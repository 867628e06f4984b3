/** Controls of the relay: start tasks, advance time, switch faults on. */

import { el, icon, iconButton } from "./dom.js";
import { copy } from "./toasts.js";

const KINDS = [
  ["song", "A song"],
  ["lyrics", "Lyrics"],
  ["failing", "One that fails"],
  ["half", "A song, half ready"],
  ["stuck", "One that is stuck"],
  ["long", "Very long Chinese lyrics"],
];
const JUMPS = [
  [10, "+10 s"],
  [60, "+1 min"],
  [600, "+10 min"],
];
const FAULTS = [
  ["none", "Healthy"],
  ["429", "429: too many requests"],
  ["502", "502: bad gateway"],
  ["html", "A web page instead of JSON"],
  ["down", "Down: no answer at all"],
];
const STATES = { NOT_START: "waiting", SUBMITTED: "waiting", QUEUED: "waiting", IN_PROGRESS: "being made", SUCCESS: "done", FAILURE: "failed" };

export class RelayPanel {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.tasks = el("ul", { class: "tasks", "aria-label": "Tasks at the relay" });
    this.requests = el("p", { class: "quiet" });
    this.fault = this.faultChooser();
    this.root = el(
      "section",
      { class: "panel" },
      el("h3", { text: "Start a task at the relay" }),
      el("div", { class: "button-grid" }, ...KINDS.map(([kind, text]) => this.starter(kind, text))),
      el("h3", { text: "Tasks" }),
      this.tasks,
      el("h3", { text: "Let time pass" }),
      el("div", { class: "button-row" }, ...JUMPS.map(([seconds, text]) => plainButton(text, () => actions.request("advance", { seconds })))),
      el("h3", { id: "fault-heading", text: "How the relay answers" }),
      this.fault,
      this.requests,
    );
    this.nodes = new Map();
    for (const kind of ["snapshot", "relay"]) store.on(kind, () => this.draw());
  }

  starter(kind, text) {
    return plainButton(text, () => this.actions.request("task", { kind }), kind);
  }

  faultChooser() {
    const group = el("div", { class: "choices", role: "radiogroup", "aria-labelledby": "fault-heading" });
    for (const [value, text] of FAULTS) {
      const radio = el("input", { type: "radio", name: "fault", value, on: { change: () => this.actions.request("relay", { fault: value }) } });
      group.append(el("label", { class: "choice" }, radio, el("span", { text })));
    }
    return group;
  }

  draw() {
    const { relay } = this.store;
    if (!relay) return;
    for (const radio of this.fault.querySelectorAll("input")) radio.checked = radio.value === relay.fault;
    this.requests.textContent = requestsText(relay);
    const known = new Set(relay.tasks.map((task) => task.id));
    for (const [id, node] of this.nodes) if (!known.has(id)) node.root.remove();
    [...relay.tasks].reverse().forEach((task) => this.drawTask(task));
    this.root.classList.toggle("without-tasks", !relay.tasks.length);
  }

  drawTask(task) {
    if (!this.nodes.has(task.id)) this.nodes.set(task.id, this.makeTask(task));
    const node = this.nodes.get(task.id);
    node.state.textContent = STATES[task.status] ?? task.status;
    node.root.dataset.status = task.status;
    node.bar.hidden = task.ended || task.stuck;
    node.bar.value = task.percent;
  }

  makeTask(task) {
    const state = el("span", { class: "task-state" });
    const bar = el("progress", { class: "task-bar", max: "100", "aria-label": "Progress at the relay" });
    const name = task.title || (task.stuck ? "(stuck)" : "(untitled)");
    const root = el(
      "li",
      { class: "task" },
      el("div", { class: "task-head" }, icon(task.kind === "lyrics" ? "file" : "note"), el("strong", { text: name }), state),
      bar,
      el("div", { class: "task-id" }, el("code", { text: task.id }), iconButton("copy", `Copy the id of ${name}`, () => copy(task.id, "The id was copied."))),
      el(
        "div",
        { class: "task-buttons" },
        plainButton("Watch it", () => this.actions.type(`/suno watch ${task.id}`)),
        plainButton("How is it?", () => this.actions.type(`/suno status ${task.id}`)),
        plainButton("Lyrics", () => this.actions.type(`/suno lyrics ${task.id}`)),
      ),
    );
    this.tasks.prepend(root);
    return { root, state, bar };
  }
}

function requestsText({ requests, last }) {
  if (!requests) return "The bot has not asked yet.";
  const times = requests === 1 ? "once" : `${requests} times`;
  return `The bot has asked ${times}; the last answer was ${last || "none at all"}.`;
}

/** A button of the panels; `name` tells tests which. */
export function plainButton(text, act, name = null) {
  return el("button", { type: "button", class: "button plain", "data-name": name, text, on: { click: act } });
}
