/** Buttons, selects, and everything that the newer kind of message consists of. */

import { attachments } from "./attachments.js";
import { el, icon } from "./dom.js";
import { linkTo } from "./links.js";
import { markdown } from "./markdown/render.js";
import { picture } from "./pictures.js";
import { selectControl } from "./select.js";

const ROW = 1;
const BUTTON = 2;
const SELECTS = [3, 5, 6, 7, 8];
const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "secondary" };

/** Make the nodes of a message's components. */
export function components(message, store, actions) {
  const make = (component) => node(component, { message, store, actions, make });
  return message.components.map(make).filter(Boolean);
}

function node(component, { message, store, actions, make }) {
  const inside = () => (component.components ?? []).map(make);
  switch (component.type) {
    case ROW:
      return el("div", { class: "action-row" }, ...inside());
    case BUTTON:
      return button(component, (event) => actions.press(message, component.custom_id, event.currentTarget));
    case 9:
      return el("div", { class: "section" }, el("div", { class: "section-text" }, ...inside()), component.accessory && make(component.accessory));
    case 10:
      return markdown(component.content, store.names);
    case 11:
      return el("div", { class: "thumbnail" }, picture({ ...component.media, description: component.description }, { small: true }));
    case 12:
      return el("div", { class: "embed-pictures several" }, ...component.items.map((one) => picture({ ...one.media, description: one.description })));
    case 13:
      return el("div", {}, ...attachments(filesOf(component, message)));
    case 14:
      return el("hr", { class: component.divider === false ? "invisible" : null });
    case 17:
      return container(component, inside());
    default:
      if (!SELECTS.includes(component.type)) return null;
      return selectControl(component, store, (values, control) => actions.select(message, component.custom_id, values, control));
  }
}

function container(component, children) {
  const box = el("section", { class: "embed container", role: "group", "data-label": "card" }, ...children);
  if (Number.isInteger(component.accent_color)) box.style.setProperty("--bar", `#${component.accent_color.toString(16).padStart(6, "0")}`);
  return box;
}

function filesOf(component, message) {
  const name = component.file?.url?.replace("attachment://", "");
  return message.attachments.filter((file) => file.name === name);
}

/** Make a button: one that opens a page, or one that the bot hears of. */
export function button(component, onPress) {
  const emoji = component.emoji?.name ? el("span", { class: "emoji", text: component.emoji.name }) : null;
  const label = component.label ? el("span", { text: component.label }) : null;
  const classes = `button ${STYLES[component.style] ?? "secondary"}`;
  if (component.style === LINK && !component.disabled) return linkTo(component.url, [emoji, label, icon("external")].filter(Boolean), { class: classes });
  const name = component.label ? null : component.emoji?.name;
  return el("button", { type: "button", class: classes, disabled: Boolean(component.disabled), "aria-label": name, on: { click: onPress } }, emoji, label);
}
