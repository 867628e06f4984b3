/** Pictures: from this server only; for any other there is a quiet placeholder. */

import { el, icon } from "./dom.js";
import { translate } from "./texts.js";

/**
 * Make a picture.
 * @param {{local: ?string, url: string, description?: string}} medium
 */
export function picture(medium, { small = false, alt = medium.description ?? "" } = {}) {
  if (!medium.local) return placeholder(medium, small);
  const image = el("img", { class: "picture", src: medium.local, alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(placeholder(medium, small)), { once: true });
  return image;
}

function placeholder(medium, small) {
  const text = translate("offline-cover");
  const kind = `placeholder${small ? " small" : ""}`;
  return el("span", { class: kind, role: "img", "aria-label": text, title: medium.url }, icon("picture"), !small && el("span", { text }));
}
