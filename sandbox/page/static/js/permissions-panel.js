/** Switches for the permissions of the bot in each channel. */

import { el } from "./dom.js";

const NAMES = {
  view_channel: ["View Channel", "without it the channel is not there for the bot"],
  send_messages: ["Send Messages", "without it nothing can be posted"],
  embed_links: ["Embed Links", "without it cards are dropped"],
  attach_files: ["Attach Files", "without it files are refused"],
  read_message_history: ["Read Message History", "without it earlier messages cannot be read"],
};

export class PermissionsPanel {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.groups = el("div");
    this.root = el("section", { class: "panel" }, el("p", { class: "quiet", text: "Take a permission from the bot, and see what it makes of that." }), this.groups);
    store.on("snapshot", () => this.draw());
    store.on("channels", () => this.draw());
  }

  draw() {
    const held = document.activeElement?.dataset?.switch;
    const channels = this.store.channels.filter((channel) => channel.kind === "text");
    this.groups.replaceChildren(...channels.map((channel) => this.group(channel)));
    if (held) this.groups.querySelector(`[data-switch="${held}"]`)?.focus();
  }

  group(channel) {
    const switches = Object.entries(NAMES).map(([name, [label, hint]]) => this.switchFor(channel, name, label, hint));
    return el("fieldset", { class: "switches" }, el("legend", { text: `#${channel.name}` }), ...switches);
  }

  switchFor(channel, name, label, hint) {
    const allowed = channel.may[name];
    const input = el("input", { type: "checkbox", role: "switch", class: "switch", "data-switch": `${channel.id}/${name}`, "aria-label": `${label} in #${channel.name}` });
    input.checked = allowed;
    input.addEventListener("change", () => this.actions.request("set_permission", { channel: channel.id, name, allowed: input.checked }));
    const text = el("span", { class: "switch-text" }, el("span", { text: label }), el("small", { text: hint }));
    return el("label", { class: `switch-row${allowed ? "" : " denied"}` }, text, el("span", { class: "switch-state", "aria-hidden": "true", text: allowed ? "yes" : "no" }), input);
  }
}
