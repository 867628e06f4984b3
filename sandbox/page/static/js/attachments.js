/** Files of a message: pictures to look at, sounds to play, texts to read, all else to fetch. */

import { el, icon } from "./dom.js";
import { picture } from "./pictures.js";
import { translate } from "./texts.js";

const LONGEST_TEXT = 20000;
const UNITS = ["bytes", "KB", "MB"];

/** Make the nodes of a message's files. */
export function attachments(files) {
  return files.map((file) => {
    if (file.type.startsWith("image/")) return picture({ ...file, url: file.name }, { alt: file.description || file.name });
    const inside = player(file) ?? text(file);
    return el("div", { class: "file" }, fileHead(file), inside);
  });
}

function fileHead(file) {
  const name = el("a", { class: "file-name", href: file.local, download: file.name, text: file.name, title: translate("download") });
  const symbol = file.type.startsWith("audio/") ? "note" : "file";
  return el("div", { class: "file-head" }, icon(symbol), el("div", {}, name, el("small", { text: size(file.size) })));
}

function player(file) {
  const kind = ["audio", "video"].find((one) => file.type.startsWith(`${one}/`));
  return kind ? el(kind, { controls: true, preload: "metadata", src: file.local, "aria-label": file.name }) : null;
}

function text(file) {
  if (!file.type.startsWith("text/") && file.type !== "application/json") return null;
  const shown = el("pre", { class: "file-text", tabindex: "0", "aria-label": file.name });
  fetch(file.local)
    .then((answer) => answer.text())
    .then((whole) => {
      shown.textContent = whole.slice(0, LONGEST_TEXT);
    })
    .catch(() => shown.remove());
  return shown;
}

function size(bytes) {
  const step = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)), UNITS.length - 1);
  const number = step ? (bytes / 1000 ** step).toFixed(1) : bytes;
  return `${number} ${UNITS[step]}`;
}
