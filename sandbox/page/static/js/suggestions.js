/** The list above the message box: commands, options, choices. The box keeps the focus. */

import { el, freshId } from "./dom.js";
import { translate } from "./texts.js";

export class Suggestions {
  constructor() {
    this.id = freshId("suggestions");
    this.title = el("div", { class: "suggestions-title", "aria-hidden": "true" });
    this.list = el("div", { class: "suggestions-list", role: "listbox", id: this.id });
    this.root = el("div", { class: "suggestions", hidden: true }, this.title, this.list);
    this.items = [];
    this.at = -1;
    this.field = null;
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /**
   * Show a list for a text field.
   * @param {HTMLElement} field what has the focus
   * @param {string} title
   * @param {Array<{label: string, detail?: string, hint?: string, pick: () => void}>} items
   * @param {{choose?: boolean}} [options] with `choose`, the first item is marked from the start
   */
  show(field, title, items, { choose = true } = {}) {
    this.field = field;
    this.items = items;
    this.title.textContent = title;
    this.list.setAttribute("aria-label", title);
    this.list.replaceChildren(...items.map((item, at) => this.line(item, at)));
    if (!items.length) this.list.append(el("div", { class: "suggestion none", text: translate("no-match") }));
    this.root.hidden = false;
    field.setAttribute("aria-controls", this.id);
    field.setAttribute("aria-expanded", "true");
    this.mark(choose && items.length ? 0 : -1);
  }

  hide() {
    this.root.hidden = true;
    this.items = [];
    this.at = -1;
    this.field?.setAttribute("aria-expanded", "false");
    this.field?.removeAttribute("aria-activedescendant");
  }

  /** Mark nothing: what is listed belongs to what was typed before. */
  unmark() {
    if (this.isOpen) this.mark(-1);
  }

  move(step) {
    if (this.items.length) this.mark((this.at + step + this.items.length) % this.items.length);
  }

  /** Take the marked item. Returns whether there was one. */
  pick() {
    const item = this.items[this.at];
    item?.pick();
    return Boolean(item);
  }

  line(item, at) {
    return el(
      "div",
      {
        class: "suggestion",
        role: "option",
        id: `${this.id}-${at}`,
        "aria-selected": "false",
        on: {
          pointerdown: (event) => event.preventDefault(),
          click: () => item.pick(),
          pointermove: () => at !== this.at && this.mark(at, false),
        },
      },
      el("span", { class: "suggestion-label", text: item.label }),
      item.hint && el("span", { class: "suggestion-hint", text: item.hint }),
      item.detail && el("span", { class: "suggestion-detail", text: item.detail }),
    );
  }

  mark(at, scroll = true) {
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    this.at = at;
    const line = at >= 0 ? document.getElementById(`${this.id}-${at}`) : null;
    line?.setAttribute("aria-selected", "true");
    if (scroll) line?.scrollIntoView({ block: "nearest" });
    if (line) this.field.setAttribute("aria-activedescendant", line.id);
    else this.field.removeAttribute("aria-activedescendant");
  }
}
