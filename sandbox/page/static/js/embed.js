/** Embeds: the cards within a message. */

import { el } from "./dom.js";
import { linkTo } from "./links.js";
import { markdown, markdownLine } from "./markdown/render.js";
import { picture } from "./pictures.js";
import { posted } from "./timestamps.js";

const IN_A_ROW = 3;
const COLUMNS = 12;

/**
 * Make the nodes of all embeds of a message. Those with the same address are shown as one, with
 * the pictures of all of them, as Discord does.
 */
export function embeds(list, names) {
  const merged = [];
  for (const embed of list) {
    const same = embed.url && merged.find((one) => one.embed.url === embed.url);
    if (same && embed.image) same.pictures.push(embed.image);
    if (!same) merged.push({ embed, pictures: embed.image ? [embed.image] : [] });
  }
  return merged.map(({ embed, pictures }) => card(embed, pictures, names));
}

function card(embed, pictures, names) {
  const node = el(
    "section",
    { class: `embed${embed.thumbnail ? " with-thumbnail" : ""}`, role: "group", "aria-label": embed.title || "Card" },
    el("div", { class: "embed-text" }, author(embed), title(embed, names), embed.description && markdown(embed.description, names), fields(embed, names)),
    embed.thumbnail && el("div", { class: "thumbnail" }, picture(embed.thumbnail, { small: true })),
    pictures.length > 0 && el("div", { class: `embed-pictures${pictures.length > 1 ? " several" : ""}` }, ...pictures.map((one) => picture(one))),
    footer(embed),
  );
  if (Number.isInteger(embed.color)) node.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  return node;
}

function author(embed) {
  if (!embed.author?.name) return null;
  const name = embed.author.url ? linkTo(embed.author.url, [embed.author.name]) : embed.author.name;
  return el("div", { class: "embed-author" }, small(embed.author), name);
}

function small(part) {
  return part.icon ? el("img", { class: "embed-icon", src: part.icon, alt: "" }) : null;
}

function title(embed, names) {
  if (!embed.title) return null;
  const text = markdownLine(embed.title, names);
  return el("div", { class: "embed-title", role: "heading", "aria-level": "3" }, embed.url ? linkTo(embed.url, [text]) : text);
}

function fields(embed, names) {
  if (!embed.fields?.length) return null;
  const nodes = [];
  for (const row of rows(embed.fields)) {
    for (const field of row) {
      const span = field.inline ? COLUMNS / row.length : COLUMNS;
      nodes.push(
        el(
          "div",
          { class: `field span-${span}` },
          el("div", { class: "field-name" }, markdownLine(field.name, names)),
          markdown(field.value, names),
        ),
      );
    }
  }
  return el("div", { class: "fields" }, ...nodes);
}

/** Put inline fields in rows of at most three; every other one has a row of its own. */
function rows(all) {
  const made = [];
  for (const field of all) {
    const last = made.at(-1);
    if (field.inline && last?.[0].inline && last.length < IN_A_ROW) last.push(field);
    else made.push([field]);
  }
  return made;
}

function footer(embed) {
  const time = embed.timestamp ? posted(Date.parse(embed.timestamp)) : null;
  if (!embed.footer?.text && !time) return null;
  const text = embed.footer?.text ?? "";
  return el("div", { class: "embed-footer" }, embed.footer && small(embed.footer), text, text && time && " • ", time);
}
