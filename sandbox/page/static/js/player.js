/** A small player for the tunes of this server, above the message box. */

import { el, icon, iconButton } from "./dom.js";
import { PLAY } from "./links.js";
import { translate } from "./texts.js";

export class Player {
  constructor(root) {
    this.root = root;
    document.addEventListener(PLAY, (event) => this.play(event.detail.url, titleNear(event.target)));
  }

  play(url, title) {
    const sound = el("audio", { controls: true, autoplay: true, src: url, "aria-label": title });
    const close = iconButton("close", translate("stop"), () => this.stop());
    this.root.replaceChildren(icon("note"), el("div", { class: "dock-text" }, el("small", { text: translate("playing") }), el("strong", { text: title })), sound, close);
    this.root.hidden = false;
    sound.focus();
  }

  stop() {
    this.root.querySelector("audio")?.pause();
    this.root.replaceChildren();
    this.root.hidden = true;
  }
}

/** The title of the card near a link, or the link's own text. */
function titleNear(link) {
  const card = link.closest(".embed") ?? link.closest(".message")?.querySelector(".embed");
  return card?.querySelector(".embed-title")?.textContent || link.textContent;
}
