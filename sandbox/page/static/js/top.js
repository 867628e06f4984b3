/** The line above the messages: where one is, and the ways to the drawers of a narrow window. */

import { el, icon, iconButton } from "./dom.js";

const ICONS = { text: "hash", thread: "thread", direct: "direct" };
const STATES = { off: "Bot is off", starting: "Bot is starting", on: "Bot is on", ending: "Bot is ending" };

export class Top {
  constructor(root, club, { showDrawer }) {
    this.root = root;
    this.club = club;
    this.channels = iconButton("menu", "Show the channels", () => showDrawer("sidebar"), { class: "icon-button to-sidebar" });
    this.backstage = iconButton("panel", "Show what is behind the stage", () => showDrawer("backstage"), { class: "icon-button to-backstage" });
    this.name = el("h2", { class: "top-name" });
    this.state = el("span", { class: "top-state" });
    root.append(this.channels, this.name, this.state, this.backstage);
    for (const kind of ["snapshot", "open", "channels", "process"]) club.on(kind, () => this.draw());
  }

  draw() {
    const channel = this.club.channel();
    if (!channel) return;
    this.name.replaceChildren(icon(ICONS[channel.kind]), el("span", { text: channel.name }));
    const state = this.club.process?.state ?? "on";
    this.state.dataset.state = state;
    this.state.textContent = STATES[state];
  }
}
