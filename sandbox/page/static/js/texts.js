/** Looks up the texts of the page in the language of the user, and translates what is shown. */

import { CHINESE } from "./texts/chinese.js";
import { ENGLISH } from "./texts/english.js";

let language = "en-US";

/** Set the locale of all texts, also of those that the page shows already. */
export function setLocale(locale) {
  language = locale;
  document.documentElement.lang = locale;
  for (const node of document.querySelectorAll("[data-text], [data-label]")) translateNode(node);
}

/** Return the current locale. */
export function locale() {
  return language;
}

/** Return a text by its key, with the values of its placeholders in braces. */
export function translate(key, values = {}) {
  const texts = language.startsWith("zh") ? CHINESE : ENGLISH;
  return (texts[key] ?? ENGLISH[key]).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/**
 * Set the text and the label of an element by its keys: `data-text` is what it shows, `data-label`
 * its name for screen readers, and its tooltip if it has one.
 */
export function translateNode(node) {
  const { text, label } = node.dataset;
  if (text) node.textContent = translate(text);
  if (!label) return;
  node.setAttribute("aria-label", translate(label));
  if (node.title) node.title = translate(label);
}
