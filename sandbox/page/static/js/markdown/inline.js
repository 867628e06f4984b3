/**
 * Discord's markdown within a line, read into a tree: pure, it knows no document.
 *
 * A node is `{type: "text", text}` or `{type, …}` with `children` where something can be inside.
 */

const DEEPEST = 12;

/** What a rule makes of its match; `inside` reads what is within. */
const RULES = [
  [/^\\([^0-9A-Za-z\s])/, (m) => ({ type: "text", text: m[1] })],
  [/^(`+)([^]*?[^`])\1(?!`)/, (m) => ({ type: "code", text: m[2].trim() || m[2] })],
  [/^<(https?:\/\/[^\s<>]+)>/, (m) => link(m[1], [{ type: "text", text: m[1] }])],
  [/^<a?(:\w{2,32}:)\d+>/, (m) => ({ type: "emoji", text: m[1] })],
  [/^<@!?(\d+)>/, (m) => ({ type: "user", id: m[1] })],
  [/^<@&(\d+)>/, (m) => ({ type: "role", id: m[1] })],
  [/^<#(\d+)>/, (m) => ({ type: "channel", id: m[1] })],
  [/^<\/([^:<>\n]{1,100}):\d+>/, (m) => ({ type: "command", name: m[1] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m) => ({ type: "time", seconds: Number(m[1]), style: m[2] ?? "f" })],
  [/^@(everyone|here)\b/, (m) => ({ type: "everyone", text: m[0] })],
  [
    /^\[((?:\\[^]|\[[^\[\]]*\]|[^\[\]\\])+)\]\(\s*<?(https?:\/\/(?:\([^\s()]*\)|[^\s()<>])+)>?(?:\s+"[^"\n]*")?\s*\)/,
    (m, inside) => link(m[2], inside(m[1])),
  ],
  [/^https?:\/\/[^\s<]*[^\s<.,:;"'\])*_~|]/, (m) => link(m[0], [{ type: "text", text: m[0] }])],
  [/^\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/, (m, inside) => ({ type: "strong", children: inside(m[1]) })],
  [/^__((?:\\[^]|[^\\])+?)__(?!_)/, (m, inside) => ({ type: "underline", children: inside(m[1]) })],
  [/^\*(?=\S)((?:\\[^]|\*\*|[^\\*])+?)\*(?!\*)/, (m, inside) => ({ type: "em", children: inside(m[1]) })],
  [/^_((?:\\[^]|__|[^\\_])+?)_(?!\w)/, (m, inside) => ({ type: "em", children: inside(m[1]) })],
  [/^~~(?=\S)((?:\\[^]|[^\\])+?)~~/, (m, inside) => ({ type: "strike", children: inside(m[1]) })],
  [/^\|\|((?:\\[^]|[^\\])+?)\|\|/, (m, inside) => ({ type: "spoiler", children: inside(m[1]) })],
];

/** Where something other than text may begin. */
const PLAIN = /^(?:(?!https?:\/\/)[^\\`<@[*_~|])+/;

/**
 * Read a line of markdown, or several.
 * @param {string} source
 * @returns {Array<object>}
 */
export function parseInline(source, depth = 0) {
  const nodes = [];
  const inside = (text) => parseInline(text, depth + 1);
  let rest = source;
  let before = "";
  while (rest) {
    const [length, node] = depth < DEEPEST ? next(rest, before, inside) : [rest.length, { type: "text", text: rest }];
    const last = nodes.at(-1);
    if (node.type === "text" && last?.type === "text") last.text += node.text;
    else nodes.push(node);
    before = rest[length - 1];
    rest = rest.slice(length);
  }
  return nodes;
}

function next(rest, before, inside) {
  const plain = PLAIN.exec(rest);
  if (plain) return [plain[0].length, { type: "text", text: plain[0] }];
  const inWord = rest[0] === "_" && /\w/.test(before);
  for (const [pattern, make] of inWord ? [] : RULES) {
    const match = pattern.exec(rest);
    if (match) return [match[0].length, make(match, inside)];
  }
  return [1, { type: "text", text: rest[0] }];
}

function link(url, children) {
  return { type: "link", url, children };
}
