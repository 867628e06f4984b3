/** From a tree of markdown to nodes. Whatever a message says becomes text nodes. */

import { el } from "../dom.js";
import { linkTo } from "../links.js";
import { timestamp } from "../timestamps.js";
import { translate } from "../texts.js";
import { parseBlocks } from "./blocks.js";
import { parseInline } from "./inline.js";

/** Tells `main` that a command which a message names is to be put into the message box. */
export const USE_COMMAND = "use-command";

const TAGS = { strong: "strong", em: "em", underline: "u", strike: "s" };

/**
 * Render the markdown of a message or of a description.
 * @param {string} source
 * @param {{user: Function, role: Function, channel: Function, openChannel: Function}} names
 *   what ids mean: each gives a name or undefined
 */
export function markdown(source, names) {
  return el("div", { class: "markdown" }, ...parseBlocks(source).map((block) => renderBlock(block, names)));
}

/** Render a line in which there are no blocks: titles and names of fields. */
export function markdownLine(source, names) {
  return el("span", { class: "markdown-line" }, ...renderInline(parseInline(source), names));
}

function renderBlock(block, names) {
  const inner = () => renderInline(block.children, names);
  switch (block.type) {
    case "heading":
      return el("div", { class: `heading level-${block.level}`, role: "heading", "aria-level": block.level + 2 }, ...inner());
    case "subtext":
      return el("div", { class: "subtext" }, ...inner());
    case "code":
      return el("pre", { class: "code-block", tabindex: "0", "data-language": block.language || null }, el("code", { text: block.text }));
    case "quote":
      return el("blockquote", {}, ...block.blocks.map((one) => renderBlock(one, names)));
    case "list":
      return renderList(block, names);
    default:
      return el("div", { class: "paragraph" }, ...inner());
  }
}

function renderList(list, names) {
  const items = list.items.map((item) =>
    el("li", {}, ...renderInline(item.children, names), ...item.blocks.map((one) => renderBlock(one, names))),
  );
  return list.ordered ? el("ol", { start: list.start }, ...items) : el("ul", {}, ...items);
}

function renderInline(nodes, names) {
  return nodes.map((node) => renderNode(node, names));
}

function renderNode(node, names) {
  switch (node.type) {
    case "text":
      return document.createTextNode(node.text);
    case "code":
      return el("code", { class: "code", text: node.text });
    case "emoji":
      return el("span", { class: "emoji", text: node.text });
    case "time":
      return timestamp(node.seconds, node.style);
    case "link":
      return linkTo(node.url, renderInline(node.children, names));
    case "spoiler":
      return spoiler(renderInline(node.children, names));
    case "everyone":
      return el("span", { class: "mention", text: node.text });
    case "command":
      return commandLink(node.name);
    case "user":
      return el("span", { class: "mention", "data-user": node.id, text: `@${names.user(node.id) ?? "unknown"}` });
    case "role":
      return el("span", { class: "mention", text: `@${names.role(node.id) ?? "unknown"}` });
    case "channel":
      return channelLink(node.id, names);
    default:
      return el(TAGS[node.type], {}, ...renderInline(node.children, names));
  }
}

function channelLink(id, names) {
  const name = names.channel(id);
  if (name === undefined) return el("span", { class: "mention", text: "#unknown" });
  return el("button", { type: "button", class: "mention", text: `#${name}`, on: { click: () => names.openChannel(id) } });
}

function commandLink(name) {
  const use = (event) => event.target.dispatchEvent(new CustomEvent(USE_COMMAND, { bubbles: true, detail: name }));
  return el("button", { type: "button", class: "mention", text: `/${name}`, on: { click: use } });
}

function spoiler(children) {
  const inside = el("span", { class: "inside", "aria-hidden": "true" }, ...children);
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": translate("spoiler") }, inside);
  const show = () => {
    node.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    inside.removeAttribute("aria-hidden");
  };
  node.addEventListener("click", show, { once: true });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    show();
  });
  return node;
}
