/** Controls of the relays: choose one, start tasks, advance time, switch faults on. */

import { el, icon, iconButton } from "./dom.js";
import { translate } from "./texts.js";
import { copy } from "./toasts.js";

const ACCOUNTS = ["operator", "server"];
const KINDS = ["song", "lyrics", "failing", "half", "stuck", "long"];
const JUMPS = [10, 60, 600];
const FAULTS = ["none", "429", "502", "html", "down"];
const SUBMISSION_FAULTS = ["none", "slow", "moderation", "credit", "lost"];
const STATES = { NOT_START: "waiting", SUBMITTED: "waiting", QUEUED: "waiting", IN_PROGRESS: "running", SUCCESS: "done", FAILURE: "failed" };

export class RelayPanel {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.account = ACCOUNTS[0];
    this.key = el("div");
    this.accounts = el("div", { class: "accounts" }, el("h3", { id: "account-heading", "data-text": "whose-relay" }), this.accountChooser(), this.key);
    this.tasks = el("ul", { class: "tasks", "data-label": "tasks-at-relay" });
    this.requests = el("p", { class: "quiet" });
    this.fault = this.faultChooser("fault", FAULTS, "relay");
    this.charges = el("p", { class: "charges" });
    this.submission = el("div", { class: "submission" });
    this.submissionFault = this.faultChooser("submission", SUBMISSION_FAULTS, "submissions");
    this.root = el(
      "section",
      { class: "panel" },
      this.accounts,
      el("h3", { "data-text": "start-task" }),
      el("div", { class: "button-grid" }, ...KINDS.map((kind) => this.starter(kind))),
      el("h3", { "data-text": "tasks" }),
      el("p", { class: "quiet no-tasks", "data-text": "no-tasks" }),
      this.tasks,
      el("h3", { "data-text": "let-time-pass" }),
      el("div", { class: "button-row" }, ...JUMPS.map((seconds) => plainButton(`jump-${seconds}`, () => actions.request("advance", { seconds })))),
      el("h3", { "data-text": "charged" }),
      this.charges,
      this.submission,
      el("h3", { id: "submission-heading", "data-text": "new-requests" }),
      this.submissionFault,
      el("h3", { id: "fault-heading", "data-text": "relay-answers" }),
      this.fault,
      this.requests,
    );
    this.nodes = new Map();
    store.on("relay", () => this.draw());
    store.on("snapshot", () => this.drawAnew());
  }

  drawAnew() {
    this.nodes.clear();
    this.tasks.replaceChildren();
    this.key.replaceChildren(...(this.account === "server" ? this.keyNodes() : []));
    this.draw();
  }

  /** The relay that is chosen. */
  relay() {
    return this.store.relays[this.account];
  }

  accountChooser() {
    const choose = (account) => {
      this.account = account;
      this.drawAnew();
    };
    const radio = (account) => el("input", { type: "radio", name: "account", value: account, checked: account === this.account, on: { change: () => choose(account) } });
    const choices = ACCOUNTS.map((account) => el("label", { class: "choice" }, radio(account), el("span", { "data-text": `account-${account}` })));
    return el("div", { class: "choices", role: "radiogroup", "aria-labelledby": "account-heading" }, ...choices);
  }

  keyNodes() {
    const { key } = this.relay();
    const row = el("div", { class: "task-id" }, el("code", { text: key }), iconButton("copy", translate("copy-key"), () => copy(key, translate("key-copied"))));
    return [row, el("p", { class: "quiet", text: translate("account-connect") })];
  }

  starter(kind) {
    return plainButton(`kind-${kind}`, () => this.actions.request("task", { kind, account: this.account }), kind);
  }

  /** Make the choice of a fault of a kind; `request` is what the page asks for when it changes. */
  faultChooser(kind, faults, request) {
    const group = el("div", { class: "choices", role: "radiogroup", "aria-labelledby": `${kind}-heading` });
    for (const value of faults) {
      const radio = el("input", { type: "radio", name: kind, value, on: { change: () => this.actions.request(request, { fault: value, account: this.account }) } });
      group.append(el("label", { class: "choice" }, radio, el("span", { "data-text": `${kind}-${value}` })));
    }
    return group;
  }

  draw() {
    this.accounts.hidden = !this.store.relays.server;
    const relay = this.relay();
    if (!relay) return;
    for (const radio of this.fault.querySelectorAll("input")) radio.checked = radio.value === relay.fault;
    for (const radio of this.submissionFault.querySelectorAll("input")) radio.checked = radio.value === relay.submissionFault;
    this.requests.textContent = requestsText(relay);
    this.charges.textContent = translate(relay.charges === 1 ? "one-charge" : "some-charges", { count: relay.charges });
    this.submission.replaceChildren(...submissionNodes(relay.submission));
    const known = new Set(relay.tasks.map((task) => task.id));
    for (const [id, node] of this.nodes) if (!known.has(id)) node.root.remove();
    [...relay.tasks].reverse().forEach((task) => this.drawTask(task));
    this.root.classList.toggle("without-tasks", !relay.tasks.length);
  }

  drawTask(task) {
    if (!this.nodes.has(task.id)) this.nodes.set(task.id, this.makeTask(task));
    const node = this.nodes.get(task.id);
    node.state.textContent = STATES[task.status] ? translate(`task-${STATES[task.status]}`) : task.status;
    node.root.dataset.status = task.status;
    node.bar.hidden = task.ended || task.stuck;
    node.bar.value = task.percent;
  }

  makeTask(task) {
    const state = el("span", { class: "task-state" });
    const bar = el("progress", { class: "task-bar", max: "100", "data-label": "task-progress" });
    const name = task.title || translate(task.stuck ? "stuck" : "untitled");
    const root = el(
      "li",
      { class: "task" },
      el("div", { class: "task-head" }, icon(task.kind === "lyrics" ? "file" : "note"), el("strong", { text: name }), state),
      bar,
      el("div", { class: "task-id" }, el("code", { text: task.id }), iconButton("copy", translate("copy-task-id", { name }), () => copy(task.id, translate("task-id-copied")))),
      el(
        "div",
        { class: "task-buttons" },
        plainButton("watch-it", () => this.actions.type(`/suno watch ${task.id}`)),
        plainButton("how-is-it", () => this.actions.type(`/suno status ${task.id}`)),
        plainButton("task-lyrics", () => this.actions.type(`/suno lyrics ${task.id}`)),
      ),
    );
    this.tasks.prepend(root);
    return { root, state, bar };
  }
}

function requestsText({ requests, last }) {
  const key = requests === 1 ? "one-request" : "some-requests";
  return requests ? translate(key, { count: requests, last: last || translate("no-answer") }) : translate("no-requests");
}

/** Show what the newest request to create asked for, and whether it was charged. */
function submissionNodes(submission) {
  if (!submission) return [];
  const { kind, charged, body } = submission;
  const heading = translate(`${charged ? "charged" : "refused"}-${kind}`);
  const fields = Object.entries(body).flatMap(([name, text]) => [el("dt", { text: name }), el("dd", { text })]);
  return [el("p", { class: charged ? "is-charged" : "is-refused", text: heading }), el("dl", {}, ...fields)];
}

/** A button of the panels, with the key of its text; `name` tells tests which. */
export function plainButton(key, act, name = null) {
  return el("button", { type: "button", class: "button plain", "data-name": name, "data-text": key, on: { click: act } });
}
