/** Behind the stage: the relay, the bot's permissions, the bot itself. Three tabs. */

import { BotPanel } from "./bot-panel.js";
import { el, iconButton } from "./dom.js";
import { PermissionsPanel } from "./permissions-panel.js";
import { RelayPanel } from "./relay-panel.js";

export class Backstage {
  /**
   * @param {HTMLElement} root
   * @param {import("./club.js").Club} club
   * @param {object} deeds
   */
  constructor(root, club, deeds) {
    this.panels = [
      ["Relay", new RelayPanel(club, deeds)],
      ["Permissions", new PermissionsPanel(club, deeds)],
      ["Bot", new BotPanel(club, deeds)],
    ];
    this.tabs = this.panels.map(([name], at) =>
      el("button", { type: "button", class: "tab", role: "tab", id: `tab-${at}`, "aria-controls": `panel-${at}`, text: name, on: { click: () => this.choose(at) } }),
    );
    const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Behind the stage" }, ...this.tabs);
    list.addEventListener("keydown", (event) => this.onKey(event));
    const close = iconButton("close", "Close", deeds.closeDrawers, { class: "icon-button only-narrow" });
    root.append(el("header", { class: "backstage-head" }, el("h2", { text: "Behind the stage" }), close), list);
    this.panels.forEach(([, panel], at) => {
      panel.root.id = `panel-${at}`;
      panel.root.setAttribute("role", "tabpanel");
      panel.root.setAttribute("aria-labelledby", `tab-${at}`);
      root.append(panel.root);
    });
    this.choose(0);
  }

  choose(chosen) {
    this.tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === chosen));
      tab.tabIndex = at === chosen ? 0 : -1;
      this.panels[at][1].root.hidden = at !== chosen;
    });
  }

  onKey(event) {
    const at = this.tabs.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = (at + step + this.tabs.length) % this.tabs.length;
    this.choose(next);
    this.tabs[next].focus();
  }
}
