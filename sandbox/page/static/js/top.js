/** The bar above the messages: the channel, the state of the bot, and buttons for the drawers of a narrow window. */

import { el, icon, namedIconButton } from "./dom.js";
import { translate } from "./texts.js";

const ICONS = { text: "hash", thread: "thread", direct: "direct" };

export class Top {
  constructor(root, store, { showDrawer }) {
    this.root = root;
    this.store = store;
    this.channels = namedIconButton("menu", "show-channels", () => showDrawer("sidebar"), { class: "icon-button to-sidebar" });
    this.controls = namedIconButton("panel", "show-controls", () => showDrawer("control-panel"), { class: "icon-button to-control-panel" });
    this.name = el("h2", { class: "top-name" });
    this.state = el("span", { class: "top-state" });
    root.append(this.channels, this.name, this.state, this.controls);
    for (const kind of ["snapshot", "open", "channels", "process"]) store.on(kind, () => this.draw());
  }

  draw() {
    const channel = this.store.channel();
    if (!channel) return;
    this.name.replaceChildren(icon(ICONS[channel.kind]), el("span", { text: channel.name }));
    const state = this.store.process?.state ?? "on";
    this.state.dataset.state = state;
    this.state.textContent = translate(`bot-${state}`);
  }
}
