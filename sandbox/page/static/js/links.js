/** Links: other sites in a tab of their own, our own tunes in the player. */

import { el } from "./dom.js";

/** Tells `main` that a tune is to be played; bubbles up from the link that was followed. */
export const PLAY = "play-tune";

/**
 * Make a link. Only http and https are followed; anything else is shown as text.
 * @param {string} url
 * @param {Array<Node|string>} children
 */
export function linkTo(url, children, attributes = {}) {
  const target = parsed(url);
  if (!target) return el("span", {}, ...children);
  const node = el("a", { href: target.href, target: "_blank", rel: "noopener noreferrer", title: target.href, ...attributes }, ...children);
  if (isTune(target)) {
    node.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      node.dispatchEvent(new CustomEvent(PLAY, { bubbles: true, detail: { url: target.pathname } }));
    });
  }
  return node;
}

/** Where the relay says that its tunes are; this server has them at the same path. */
const MEDIA_ORIGIN = "https://songs.example.com";

/** Whether a link leads to a tune that this server has. */
function isTune(target) {
  return target.origin === MEDIA_ORIGIN && target.pathname.startsWith("/media/") && /\.(mp3|wav)$/.test(target.pathname);
}

function parsed(url) {
  try {
    const target = new URL(url);
    return ["http:", "https:"].includes(target.protocol) ? target : null;
  } catch {
    return null;
  }
}
