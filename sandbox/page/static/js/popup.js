/** Small windows beside what opened them: menus, selects. One at a time. */

import { el } from "./dom.js";

const MARGIN = 8;
let close = () => {};

/**
 * Open a popup beside `anchor`. Esc, a press elsewhere and Tab close it and give the focus back.
 * @param {HTMLElement} anchor
 * @param {HTMLElement} content
 * @param {{above?: boolean, onClose?: () => void, wide?: boolean}} [options]
 * @returns {() => void} what closes it
 */
export function openPopup(anchor, content, { above = false, onClose = () => {}, wide = false } = {}) {
  close();
  const popup = el("div", { class: "popup" }, content);
  const outside = (event) => {
    if (!popup.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const onKey = (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  close = () => {
    close = () => {};
    const held = popup.contains(document.activeElement);
    popup.remove();
    document.removeEventListener("pointerdown", outside, true);
    anchor.setAttribute("aria-expanded", "false");
    if (held && anchor.isConnected) anchor.focus();
    onClose();
  };
  popup.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", outside, true);
  (anchor.closest("dialog") ?? document.body).append(popup);
  anchor.setAttribute("aria-expanded", "true");
  place(popup, anchor, above, wide);
  return () => close();
}

/** Close whatever popup is open. */
export function closePopup() {
  close();
}

function place(popup, anchor, above, wide) {
  const beside = anchor.getBoundingClientRect();
  if (wide) popup.style.minWidth = `${beside.width}px`;
  const size = popup.getBoundingClientRect();
  const left = Math.min(beside.left, innerWidth - size.width - MARGIN);
  const below = beside.bottom + 4 + size.height <= innerHeight - MARGIN;
  const top = above || !below ? beside.top - size.height - 4 : beside.bottom + 4;
  popup.style.left = `${Math.max(MARGIN, left)}px`;
  popup.style.top = `${Math.max(MARGIN, top)}px`;
}

/** Let the arrow keys, Home and End move the focus among the children that match. */
export function roving(container, selector) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    if (!(event.key in moves) || !all.length) return;
    event.preventDefault();
    event.stopPropagation();
    all[(moves[event.key] + all.length) % all.length].focus();
  });
}

/**
 * Make a menu.
 * @param {string} label
 * @param {Array<{text: string, act?: () => void, icon?: Node, checked?: boolean, detail?: string}>} items
 *   an item without `act` is a heading
 */
export function menu(label, items) {
  const list = el("div", { class: "menu", role: "menu", "aria-label": label });
  for (const item of items) list.append(item.act ? menuItem(item) : el("div", { class: "menu-heading", text: item.text }));
  roving(list, '[role^="menuitem"]');
  return list;
}

function menuItem(item) {
  const isChoice = item.checked !== undefined;
  return el(
    "button",
    {
      type: "button",
      class: "menu-item",
      tabindex: "-1",
      role: isChoice ? "menuitemradio" : "menuitem",
      "aria-checked": isChoice ? String(item.checked) : null,
      on: {
        click: () => {
          close();
          item.act();
        },
      },
    },
    item.icon,
    el("span", { class: "menu-text" }, el("span", { text: item.text }), item.detail && el("small", { text: item.detail })),
  );
}

/** Open a menu beside its button, with the focus on the first (or the checked) item. */
export function openMenu(anchor, label, items, options = {}) {
  const list = menu(label, items);
  openPopup(anchor, list, options);
  (list.querySelector('[aria-checked="true"]') ?? list.querySelector('[role^="menuitem"]'))?.focus();
}
