/** The control panel with three tabs: the relay, the bot's permissions, the bot's process. */

import { BotPanel } from "./bot-panel.js";
import { el, namedIconButton } from "./dom.js";
import { PermissionsPanel } from "./permissions-panel.js";
import { RelayPanel } from "./relay-panel.js";

export class ControlPanel {
  /**
   * @param {HTMLElement} root
   * @param {import("./store.js").Store} store
   * @param {object} actions
   */
  constructor(root, store, actions) {
    this.panels = [
      ["tab-relay", new RelayPanel(store, actions)],
      ["tab-permissions", new PermissionsPanel(store, actions)],
      ["tab-bot", new BotPanel(store, actions)],
    ];
    this.tabs = this.panels.map(([key], at) =>
      el("button", { type: "button", class: "tab", role: "tab", id: `tab-${at}`, "aria-controls": `panel-${at}`, "data-text": key, on: { click: () => this.choose(at) } }),
    );
    const list = el("div", { class: "tabs", role: "tablist", "data-label": "controls" }, ...this.tabs);
    list.addEventListener("keydown", (event) => this.onKey(event));
    const close = namedIconButton("close", "close", actions.closeDrawers, { class: "icon-button only-narrow" });
    root.append(el("header", { class: "control-panel-head" }, el("h2", { "data-text": "controls" }), close), list);
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
    this.panels[chosen][1].shown?.();
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
