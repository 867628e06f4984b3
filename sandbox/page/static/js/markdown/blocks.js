/** Discord's markdown as a tree of blocks: pure, it knows no document. */

import { parseInline } from "./inline.js";

const FENCE = /```(?:([\w+\-.#]+)\n)?\n*([^\n][^]*?)\n*```/g;
const ITEM = /^( *)([-*]|\d{1,9}[.)]) +(?=\S)(.*)$/;
const HEADING = /^(#{1,3}) +(?=\S)(.*)$/;
const SUBTEXT = /^-# +(?=\S)(.*)$/;

/**
 * Read the markdown of a message.
 *
 * Blocks: `paragraph`, `heading` (with `level`), `subtext`, each with `children`; `code` (with
 * `text` and `language`); `quote` (with `blocks`); `list` (with `ordered`, `start` and `items`,
 * each `{children, blocks}`).
 * @param {string} source
 * @returns {Array<object>}
 */
export function parseBlocks(source, { quotes = true } = {}) {
  const blocks = [];
  let end = 0;
  for (const fence of source.matchAll(FENCE)) {
    if (fence.index > 0 && source[fence.index - 1] === "\\") continue;
    blocks.push(...parseLines(source.slice(end, fence.index), quotes));
    blocks.push({ type: "code", language: fence[1] ?? "", text: fence[2] });
    end = fence.index + fence[0].length;
    if (source[end] === "\n") end += 1;
  }
  blocks.push(...parseLines(source.slice(end), quotes));
  return blocks;
}

function parseLines(text, quotes) {
  if (!text) return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const blocks = [];
  let paragraph = [];
  const endParagraph = () => {
    if (paragraph.length) blocks.push({ type: "paragraph", children: parseInline(paragraph.join("\n")) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; ) {
    const [taken, block] = special(lines, at, quotes);
    if (block) {
      endParagraph();
      blocks.push(block);
      at += taken;
    } else {
      paragraph.push(lines[at]);
      at += 1;
    }
  }
  endParagraph();
  return blocks;
}

/** Give how many lines a block at this line takes, and the block; nothing for plain text. */
function special(lines, at, quotes) {
  const line = lines[at];
  const heading = HEADING.exec(line);
  if (heading) return [1, { type: "heading", level: heading[1].length, children: parseInline(heading[2]) }];
  const subtext = SUBTEXT.exec(line);
  if (subtext) return [1, { type: "subtext", children: parseInline(subtext[1]) }];
  if (quotes && line.startsWith(">>> ")) return [lines.length - at, quote([line.slice(4), ...lines.slice(at + 1)])];
  if (quotes && line.startsWith("> ")) {
    const taken = countWhile(lines, at, (one) => one.startsWith("> "));
    return [taken, quote(lines.slice(at, at + taken).map((one) => one.slice(2)))];
  }
  if (ITEM.test(line)) {
    const taken = countWhile(lines, at, (one) => ITEM.test(one));
    const items = lines.slice(at, at + taken).map((one) => ITEM.exec(one));
    return [taken, list(items, 0, items.length)];
  }
  return [0, null];
}

function quote(lines) {
  return { type: "quote", blocks: parseBlocks(lines.join("\n"), { quotes: false }) };
}

/** Make a list of items from `from` to `to`; those that stand further in belong to the one above. */
function list(items, from, to) {
  const indent = items[from][1].length;
  const marker = items[from][2];
  const ordered = /\d/.test(marker);
  const made = { type: "list", ordered, start: ordered ? Number.parseInt(marker, 10) : 1, items: [] };
  for (let at = from; at < to; ) {
    const inner = countWhile(items.slice(0, to), at + 1, (one) => one[1].length > indent);
    const blocks = inner ? [list(items, at + 1, at + 1 + inner)] : [];
    made.items.push({ children: parseInline(items[at][3]), blocks });
    at += 1 + inner;
  }
  return made;
}

function countWhile(lines, from, holds) {
  let count = 0;
  while (from + count < lines.length && holds(lines[from + count])) count += 1;
  return count;
}
