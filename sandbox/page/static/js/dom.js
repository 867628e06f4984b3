/** Builds nodes. Text goes in as text nodes alone: nothing here parses markup. */

import { translate, translateNode } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = "/static/icons/icons.svg";

/**
 * Make an element. Attributes that are null, undefined or false are left out; `on` holds
 * listeners by event, `text` is its text, everything else is set as an attribute. Texts by their
 * keys, `data-text` and `data-label`, follow the language of the page.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "text") {
      node.textContent = value;
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  translateNode(node);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Make one of our own icons; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** Make a button that is an icon with a name for those who do not see it. */
export function iconButton(name, label, onClick, attributes = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", title: label, "aria-label": label, on: { click: onClick }, ...attributes },
    icon(name),
  );
}

/** Make such a button whose name, a key of the texts, follows the language of the page. */
export function namedIconButton(name, key, onClick, attributes = {}) {
  return iconButton(name, translate(key), onClick, { "data-label": key, ...attributes });
}

const HUES = 6;

/** Make the round picture of a person: their first letter, or our wave for the bot. */
export function avatar(user, id, small = false) {
  const classes = `avatar${small ? " small" : ""} hue-${hueOf(user, id)}`;
  const inside = user.bot ? icon("wave") : [...user.name][0].toUpperCase();
  return el("span", { class: classes, "aria-hidden": "true" }, inside);
}

/** The number of the colour that a person's name and picture have. */
export function hueOf(user, id) {
  if (user.bot) return "bot";
  const sum = [...`${id}${user.name}`].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return sum % HUES;
}

let counter = 0;

/** Give an id that no other element has. */
export function freshId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
