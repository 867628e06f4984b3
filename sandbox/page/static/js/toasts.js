/** Short words that go away by themselves. */

import { el } from "./dom.js";

const LASTS = 4500;

/** Say something at the edge of the page; a screen reader says it too. */
export function toast(text, { bad = false } = {}) {
  const node = el("div", { class: `toast${bad ? " bad" : ""}`, text });
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), LASTS);
}

/** Put a text on the clipboard, and show a toast that says so. */
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(text);
  }
}
