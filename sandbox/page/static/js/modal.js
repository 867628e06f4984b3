/** Modals: forms that the bot shows in front of everything. */

import { el, freshId } from "./dom.js";
import { markdown } from "./markdown/render.js";
import { selectControl } from "./select.js";
import { translate } from "./texts.js";

const ROW = 1;
const TEXT_INPUT = 4;
const TEXT_DISPLAY = 10;
const LABEL = 18;
const CHECKBOX = 23;
const PARAGRAPH = 2;

/**
 * Show a modal until it is sent or left.
 * @param {object} modal as Discord describes it
 * @param {import("./store.js").Store} store
 * @param {(values: Record<string, any>) => Promise<any>} send rejects with what is wrong
 */
export function showModal(modal, store, send) {
  const values = new Map();
  const rows = modal.components.flatMap((row) => rowNodes(row, values, store));
  const fault = el("p", { class: "modal-fault", role: "alert" });
  const heading = freshId("modal");
  const form = el(
    "form",
    { class: "modal-form", novalidate: true },
    el("h2", { id: heading, text: modal.title }),
    ...rows,
    fault,
    el(
      "div",
      { class: "modal-buttons" },
      el("button", { type: "button", class: "button quiet", text: translate("cancel"), on: { click: () => dialog.close() } }),
      el("button", { type: "submit", class: "button primary", text: translate("submit") }),
    ),
  );
  const before = document.activeElement;
  const dialog = el("dialog", { class: "modal", "aria-labelledby": heading }, form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send(Object.fromEntries([...values].map(([name, give]) => [name, give()])));
      dialog.close();
    } catch (error) {
      fault.textContent = error.message;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("input, textarea, .select")?.focus();
}

function rowNodes(row, values, store) {
  if (row.type === TEXT_DISPLAY) return [markdown(row.content, store.names)];
  if (row.type === LABEL) return [labelled(row.label, row.description, row.component, values, store)];
  if (row.type !== ROW) return [];
  return row.components.map((component) => labelled(component.label ?? "", "", component, values, store));
}

function labelled(label, description, component, values, store) {
  const id = freshId("field");
  const required = component.type !== CHECKBOX && component.required !== false;
  return el(
    "div",
    { class: "modal-row" },
    el("label", { for: id }, label, required && el("span", { class: "needed", "aria-hidden": "true", text: " *" })),
    description && el("p", { class: "modal-hint", text: description }),
    control(component, id, required, values, store, label),
  );
}

function control(component, id, required, values, store, label) {
  if (component.type === CHECKBOX) {
    const box = el("input", { id, type: "checkbox", class: "check-field" });
    box.checked = Boolean(component.default);
    values.set(component.custom_id, () => box.checked);
    return box;
  }
  if (component.type !== TEXT_INPUT) {
    let chosen = (component.options ?? []).filter((one) => one.default).map((one) => one.value);
    values.set(component.custom_id, () => chosen);
    const select = selectControl({ placeholder: label, ...component }, store, (picked) => {
      chosen = picked;
    });
    select.id = id;
    return select;
  }
  const field = el(component.style === PARAGRAPH ? "textarea" : "input", {
    id,
    class: "text-field",
    placeholder: component.placeholder ?? null,
    minlength: component.min_length ?? null,
    maxlength: component.max_length ?? 4000,
    "aria-required": String(required),
    rows: component.style === PARAGRAPH ? "3" : null,
    autocomplete: "off",
  });
  field.value = component.value ?? "";
  values.set(component.custom_id, () => field.value);
  return field;
}
