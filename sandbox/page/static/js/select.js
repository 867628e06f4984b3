/** A select menu: a button that opens a list to choose from. */

import { el, freshId, icon } from "./dom.js";
import { openPopup, roving } from "./popup.js";
import { translate } from "./texts.js";

/** The kinds of channel as Discord numbers them. */
const KINDS = { text: 0, thread: 11 };
const ENTITIES = { 5: ["users"], 6: ["roles"], 7: ["users", "roles"], 8: ["channels"] };

/**
 * Make a select.
 * @param {object} component as Discord describes it
 * @param {import("./store.js").Store} store
 * @param {(values: string[], control: HTMLElement) => void} onChoose
 */
export function selectControl(component, store, onChoose) {
  const options = component.options ?? entities(component, store);
  const most = component.max_values ?? 1;
  const least = component.min_values ?? 1;
  const preset = new Set((component.default_values ?? []).map((one) => one.id));
  let chosen = new Set(options.filter((one) => one.default || preset.has(one.value)).map((one) => one.value));
  const shown = el("span", { class: "select-value" });
  const name = component.placeholder || translate("choose");
  const control = el(
    "button",
    { type: "button", class: "select", "aria-haspopup": "listbox", "aria-expanded": "false", disabled: Boolean(component.disabled) },
    shown,
    icon("chevron"),
  );
  const show = () => {
    const labels = options.filter((one) => chosen.has(one.value)).map((one) => one.label);
    shown.textContent = labels.join(", ") || name;
    shown.classList.toggle("empty", !labels.length);
    control.setAttribute("aria-label", labels.length ? `${name}: ${labels.join(", ")}` : name);
  };
  control.addEventListener("click", () => {
    const before = [...chosen].join("\n");
    const pick = (value) => {
      if (most === 1) {
        chosen = new Set(least === 0 && chosen.has(value) ? [] : [value]);
        show();
        close();
        return;
      }
      if (chosen.has(value)) chosen.delete(value);
      else if (chosen.size < most) chosen.add(value);
      show();
    };
    const list = listbox(name, options, chosen, most > 1, pick);
    const onClose = () => {
      const values = [...chosen];
      if (values.length >= least && values.length <= most && values.join("\n") !== before) onChoose(values, control);
    };
    const close = openPopup(control, list, { wide: true, onClose });
    (list.querySelector('[aria-selected="true"]') ?? list.firstElementChild)?.focus();
  });
  show();
  return control;
}

/** Make the list itself; `pick` is called with the value of what is pressed. */
function listbox(name, options, chosen, several, pick) {
  const list = el("div", { class: "listbox", role: "listbox", id: freshId("list"), "aria-label": name, "aria-multiselectable": String(several) });
  for (const option of options) {
    const node = el(
      "button",
      { type: "button", class: "option-line", role: "option", tabindex: "-1", "aria-selected": String(chosen.has(option.value)) },
      option.emoji?.name && el("span", { class: "emoji", text: option.emoji.name }),
      el("span", { class: "option-text" }, el("span", { text: option.label }), option.description && el("small", { text: option.description })),
      icon("check"),
    );
    node.addEventListener("click", () => {
      pick(option.value);
      node.setAttribute("aria-selected", String(several ? !(node.getAttribute("aria-selected") === "true") : true));
    });
    list.append(node);
  }
  roving(list, ".option-line");
  return list;
}

/** Give the people, roles or channels that a select of those offers. */
function entities({ type, channel_types: kinds }, store) {
  const users = () => Object.entries(store.users).map(([value, one]) => ({ value, label: one.name }));
  const roles = () => Object.entries(store.roles).map(([value, label]) => ({ value, label }));
  const fits = (one) => one.kind in KINDS && (!kinds?.length || kinds.includes(KINDS[one.kind]));
  const channels = () => store.channels.filter(fits).map((one) => ({ value: one.id, label: `#${one.name}` }));
  const groups = { users, roles, channels };
  return (ENTITIES[type] ?? []).flatMap((group) => groups[group]());
}
