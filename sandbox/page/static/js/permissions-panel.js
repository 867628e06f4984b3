/** Switches for the permissions of the bot in each channel. */

import { el } from "./dom.js";
import { translate } from "./texts.js";

const NAMES = ["view_channel", "send_messages", "embed_links", "attach_files", "read_message_history"];

export class PermissionsPanel {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.groups = el("div");
    this.root = el("section", { class: "panel" }, el("p", { class: "quiet", "data-text": "take-permission" }), this.groups);
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
    const switches = NAMES.map((name) => this.switchFor(channel, name));
    return el("fieldset", { class: "switches" }, el("legend", { text: `#${channel.name}` }), ...switches);
  }

  switchFor(channel, name) {
    const allowed = channel.may[name];
    const input = el("input", { type: "checkbox", role: "switch", class: "switch", "data-switch": `${channel.id}/${name}`, "aria-label": translate("permission-in", { name: translate(name), channel: channel.name }) });
    input.checked = allowed;
    input.addEventListener("change", () => this.actions.request("set_permission", { channel: channel.id, name, allowed: input.checked }));
    const text = el("span", { class: "switch-text" }, el("span", { text: translate(name) }), el("small", { text: translate(`without-${name}`) }));
    return el("label", { class: `switch-row${allowed ? "" : " denied"}` }, text, el("span", { class: "switch-state", "aria-hidden": "true", text: translate(allowed ? "yes" : "no") }), input);
  }
}
