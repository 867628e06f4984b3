/** One message: its author, its text, its embeds, components and files. */

import { attachments } from "./attachments.js";
import { components } from "./components.js";
import { avatar, el, hueOf, icon, iconButton } from "./dom.js";
import { embeds } from "./embed.js";
import { markdown } from "./markdown/render.js";
import { posted } from "./timestamps.js";
import { translate } from "./texts.js";

const MODERN = 9;

/**
 * Make the node of a message.
 * @param {object} message as the server gives it
 * @param {import("./store.js").Store} store
 * @param {{press: Function, select: Function, dismiss: Function, openMenu: Function}} actions
 * @param {boolean} continued whether it belongs to the message above
 */
export function messageNode(message, store, actions, continued) {
  const author = store.user(message.author);
  const name = el("span", { class: `author hue-text-${hueOf(author, message.author)}`, text: author.name });
  const head = el("div", { class: "head" }, name, author.bot && el("span", { class: "app-tag", text: translate("app") }), posted(message.at));
  const body = el("div", { class: "body" }, ...parts(message, store, actions));
  const gutter = continued ? posted(message.at, { short: true }) : avatar(author, message.author);
  const more = iconButton("more", translate("more"), (event) => actions.openMenu(event.currentTarget, message), {
    class: "icon-button toolbar",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    tabindex: "-1",
  });
  return el(
    "article",
    { class: classes(message, continued), id: `message-${message.id}`, tabindex: "-1", "aria-label": `${author.name}`, "data-id": message.id },
    context(message, store),
    el("div", { class: "gutter" }, gutter),
    el("div", { class: "content" }, !continued && head, body),
    message.problem ? null : more,
  );
}

function classes(message, continued) {
  const names = ["message"];
  if (continued) names.push("continued");
  if (message.ephemeral) names.push("ephemeral");
  if (message.pinged) names.push("pinged");
  if (message.problem) names.push("problem");
  return names.join(" ");
}

/** Above a message: who used which command, or what it replies to. */
function context(message, store) {
  if (message.used) {
    const user = store.user(message.used.by);
    return el(
      "div",
      { class: "context" },
      avatar(user, message.used.by, true),
      el("span", { class: `author hue-text-${hueOf(user, message.used.by)}`, text: user.name }),
      ` ${translate("used")} `,
      el("span", { class: "mention", text: message.used.name }),
    );
  }
  if (!message.reply) return null;
  const user = store.user(message.reply.author);
  return el(
    "div",
    { class: "context" },
    avatar(user, message.reply.author, true),
    el("span", { class: "author", text: user.name }),
    el("span", { class: "excerpt", text: ` ${message.reply.text}` }),
  );
}

function parts(message, store, actions) {
  const made = [];
  if (message.thinking) made.push(thinking(store.user(message.author)));
  if (message.problem) made.push(el("p", { class: "problem-text" }, icon("warning"), translate("unanswered")));
  if (message.content) made.push(markdown(message.content, store.names));
  if (message.edited) (made.at(-1)?.lastElementChild ?? document.createElement("p")).append(editedMark());
  made.push(...attachments(message.attachments));
  made.push(...embeds(message.embeds, store.names));
  made.push(...components(message, store, actions));
  if (message.edited && !message.content) made.push(el("p", { class: "after" }, editedMark()));
  if (message.ephemeral) made.push(onlyYou(message, actions));
  return made;
}

function editedMark() {
  return el("span", { class: "edited", text: ` ${translate("edited")}` });
}

function thinking(author) {
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return el("p", { class: "thinking" }, dots, `${author.name} ${translate("thinking")}`);
}

function onlyYou(message, actions) {
  const dismiss = el("button", { type: "button", class: "link-like", text: translate("dismiss"), on: { click: () => actions.dismiss(message) } });
  return el("p", { class: "only-you" }, icon("eye"), translate("only-you"), " · ", dismiss);
}

/** The text of a message, for the clipboard. */
export function plainText(message) {
  const texts = [message.content];
  for (const embed of message.embeds) texts.push(embed.title, embed.description, ...(embed.fields ?? []).flatMap((one) => [one.name, one.value]));
  for (const component of message.components) if (component.type >= MODERN && component.content) texts.push(component.content);
  return texts.filter(Boolean).join("\n");
}
