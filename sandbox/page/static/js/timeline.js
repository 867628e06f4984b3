/** The messages of the channel that is open. */

import { isLater } from "./store.js";
import { el, icon } from "./dom.js";
import { messageNode } from "./message.js";
import { translate } from "./texts.js";

const TOGETHER = 7 * 60 * 1000;
const NEAR_THE_END = 120;

export class Timeline {
  /**
   * @param {HTMLElement} root what scrolls
   * @param {import("./store.js").Store} store
   * @param {object} actions the actions of a message
   */
  constructor(root, store, actions) {
    this.root = root;
    this.store = store;
    this.actions = actions;
    this.list = el("div", { class: "messages", role: "log", "aria-live": "polite", "aria-relevant": "additions" });
    root.append(this.list);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("contextmenu", (event) => this.onContextMenu(event));
    store.on("snapshot", () => this.draw());
    store.on("open", () => this.draw());
    store.on("message", ({ message }) => this.take(message));
    store.on("removed", ({ channel }) => channel === store.current && this.draw({ stay: true }));
    root.addEventListener("load", () => this.follow && this.toEnd(), true);
    this.height = root.clientHeight;
    new ResizeObserver(() => this.keepEnd()).observe(root);
    root.addEventListener("scroll", () => {
      if (!this.moving) this.follow = this.isNearEnd();
    });
    this.follow = true;
  }

  /** Draw everything anew: another channel, or another user. */
  draw({ stay = false } = {}) {
    const { store } = this;
    const channel = store.channel();
    const place = this.root.scrollTop;
    this.list.replaceChildren();
    if (!channel) return;
    this.list.append(beginning(channel, this.messages().length ? null : this.actions));
    const last = store.readBefore.get(channel.id);
    let before = null;
    for (const message of this.messages()) {
      const isFirstNew = last !== "0" && isLater(message.id, last) && (!before || !isLater(before.id, last));
      if (isFirstNew && !stay && message.author !== store.me && before) this.list.append(divider());
      this.list.append(messageNode(message, store, this.actions, continues(message, before)));
      before = message;
    }
    this.makeOneReachable();
    if (stay) this.root.scrollTop = place;
    else this.toEnd();
  }

  messages() {
    return this.store.messages.get(this.store.current) ?? [];
  }

  take(message) {
    if (message.channel !== this.store.current) return;
    const old = document.getElementById(`message-${message.id}`);
    const all = this.messages();
    const at = all.findIndex((one) => one.id === message.id);
    const node = messageNode(message, this.store, this.actions, continues(message, all[at - 1]));
    const isOwn = [message.author, message.used?.by].includes(this.store.me);
    const mustFollow = this.follow || (isOwn && at === all.length - 1);
    if (!old) {
      this.list.querySelector(".first-steps, .play-tour")?.closest(".beginning").replaceWith(beginning(this.store.channel(), null));
      this.list.append(node);
    } else {
      const held = old.contains(document.activeElement);
      const mark = held ? focusMark(old) : null;
      node.tabIndex = old.tabIndex;
      old.replaceWith(node);
      if (held) refocus(node, mark);
    }
    this.makeOneReachable();
    if (mustFollow) this.toEnd();
  }

  /** Let Tab reach one message, the last one, and the arrows the others. */
  makeOneReachable() {
    const nodes = [...this.list.querySelectorAll(".message")];
    if (nodes.includes(document.activeElement)) return;
    for (const node of nodes) node.tabIndex = -1;
    if (nodes.length) nodes.at(-1).tabIndex = 0;
  }

  /** Put the focus on the last message. */
  focusLast() {
    this.list.querySelector(".message:last-of-type")?.focus();
  }

  onKey(event) {
    const message = event.target.closest(".message");
    if (!message || event.target !== message) return;
    const nodes = [...this.list.querySelectorAll(".message")];
    const at = nodes.indexOf(message);
    const moves = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: nodes.length - 1 };
    if (event.key in moves) {
      event.preventDefault();
      const next = nodes[Math.min(Math.max(moves[event.key], 0), nodes.length - 1)];
      message.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      this.openMenuOf(message);
    }
  }

  onContextMenu(event) {
    const message = event.target.closest(".message");
    if (!message || event.target.closest("a, button, input")) return;
    event.preventDefault();
    this.openMenuOf(message);
  }

  openMenuOf(node) {
    const message = this.messages().find((one) => one.id === node.dataset.id);
    const button = node.querySelector(".toolbar");
    if (message && button) this.actions.openMenu(button, message);
  }

  isOwnAnswer(node) {
    return this.messages().find((one) => one.id === node.dataset.id)?.used?.by === this.store.me;
  }

  isNearEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR_THE_END;
  }

  /** Keep what stands at the lower edge there when the space for messages grows or shrinks. */
  keepEnd() {
    const shrunk = this.height - this.root.clientHeight;
    this.height = this.root.clientHeight;
    if (this.follow) this.toEnd();
    else if (shrunk > 0) this.root.scrollTop += shrunk;
  }

  /** Show what came last: the beginning of one's own answers and of a tour's messages that are too long. */
  toEnd() {
    const last = this.list.querySelector(".message:last-of-type");
    const fromItsBeginning = last && last.offsetHeight > this.root.clientHeight && (this.store.tourActive || this.isOwnAnswer(last));
    this.moving = true;
    this.root.scrollTop = fromItsBeginning ? last.offsetTop - this.root.offsetTop : this.root.scrollHeight;
    this.follow = true;
    requestAnimationFrame(() => {
      this.moving = false;
    });
  }
}

function continues(message, before) {
  if (!before || message.used || message.reply || before.author !== message.author) return false;
  return message.at - before.at < TOGETHER && before.ephemeral === message.ephemeral;
}

/** Make the head of a channel; `actions` are given where it is empty, and the first steps are shown. */
function beginning(channel, actions) {
  const isDirect = channel.kind === "direct";
  const text = translate(isDirect ? "beginning-direct" : "beginning", { name: channel.name });
  const steps = ["step-create", "step-wait", "step-more"].map((key) => el("li", { text: translate(key) }));
  const create = () => actions.type(`/suno create ${translate("example-song")}`);
  const start = () => el("button", { type: "button", class: "button primary", text: translate("make-song"), on: { click: create } });
  const play = () => el("button", { type: "button", class: "button secondary play-tour", text: translate("play-tour"), on: { click: actions.playTour } });
  return el(
    "header",
    { class: "beginning" },
    el("span", { class: "beginning-icon" }, icon(isDirect ? "direct" : channel.kind === "thread" ? "thread" : "hash")),
    el("h2", { text: isDirect ? channel.name : `#${channel.name}` }),
    el("p", { text: [text, translate("try-slash")].join(translate("gap")) }),
    actions && !isDirect && el("ol", { class: "first-steps" }, ...steps),
    actions && !isDirect && el("div", { class: "action-row" }, start(), play()),
  );
}

function divider() {
  return el("div", { class: "new-divider", role: "separator" }, el("span", { text: translate("new") }));
}

/** Remember which control of a message has the focus, so that its successor can get it. */
function focusMark(node) {
  const all = [...node.querySelectorAll("button, a, input")];
  return { at: all.indexOf(document.activeElement) };
}

function refocus(node, mark) {
  const control = [...node.querySelectorAll("button, a, input")][mark.at];
  if (control && !control.disabled) control.focus();
  else node.focus();
}
