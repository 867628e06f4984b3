/** A slash command that is being filled in: its name, and a field for each option. */

import { faultOf, fixedChoices } from "./commands.js";
import { el, freshId, iconButton } from "./dom.js";
import { translate } from "./texts.js";

const QUIET = 150;

export class CommandForm {
  /**
   * @param {object} command as the server offers it
   * @param {Record<string, string>} values what is filled in already
   * @param {{store: object, suggestions: object, complete: Function, send: Function, leave: Function}} tools
   */
  constructor(command, values, tools) {
    this.command = command;
    this.tools = tools;
    this.fields = new Map();
    this.chosen = new Map();
    this.asked = 0;
    this.rest = el("span", { class: "command-rest" });
    this.root = el(
      "div",
      { class: "command-form", role: "group", "aria-label": `/${command.name}` },
      el("span", { class: "command-name", text: `/${command.name}` }),
      this.rest,
      iconButton("close", translate("cancel"), () => tools.leave(), { class: "icon-button command-cancel" }),
    );
    for (const option of command.options) if (option.required || values[option.name]) this.add(option, values[option.name]);
    this.offerRest();
  }

  /** Put the focus where something is to be filled in; with nothing to fill in, on the form. */
  focus() {
    const empty = [...this.fields.values()].find((field) => !field.value);
    const field = empty ?? [...this.fields.values()].at(-1);
    (field ?? this.root).focus();
  }

  add(option, value = "") {
    const id = freshId("option");
    const field = el("input", {
      id,
      class: "option-input",
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-required": String(option.required),
      "aria-description": option.description,
      autocomplete: "off",
      spellcheck: "false",
      enterkeyhint: "send",
    });
    field.value = value;
    this.fields.set(option.name, field);
    field.addEventListener("input", () => this.onInput(option, field));
    field.addEventListener("focus", () => this.suggest(option, field));
    field.addEventListener("blur", () => this.tools.suggestions.hide());
    this.root.insertBefore(el("label", { class: "option", for: id }, el("span", { class: "option-name", text: option.label }), field), this.rest);
    fit(field);
    return field;
  }

  /** Offer the options that are not there yet. */
  offerRest() {
    const left = this.command.options.filter((option) => !this.fields.has(option.name));
    const buttons = left.map((option) =>
      el("button", {
        type: "button",
        class: "option-offer",
        text: `+ ${option.label}`,
        title: option.description,
        on: {
          click: () => this.addNext(option).focus(),
        },
      }),
    );
    this.rest.replaceChildren(...buttons);
    if (!this.fields.size) this.root.tabIndex = 0;
    else this.root.removeAttribute("tabindex");
  }

  /** Show the field of an option, by default of the first that is not there yet; return it. */
  addNext(option = this.command.options.find((one) => !this.fields.has(one.name))) {
    const field = this.add(option);
    this.offerRest();
    return field;
  }

  /** Return whether a key begins to fill in an option: it is a character, on the form itself. */
  startsOption(event) {
    const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    return typed && event.target === this.root && this.command.options.length > 0;
  }

  /** Take away an option that is empty; the last one takes the command with it. */
  remove(option) {
    const field = this.fields.get(option.name);
    if (option.required || this.fields.size === 1) {
      this.tools.leave();
      return;
    }
    this.fields.delete(option.name);
    field.closest(".option").remove();
    this.offerRest();
    this.focus();
  }

  onInput(option, field) {
    this.chosen.delete(option.name);
    field.removeAttribute("aria-invalid");
    clearTimeout(this.pause);
    if (this.leadsElsewhere(option, field)) return;
    fit(field);
    if (!option.autocomplete) {
      this.suggest(option, field);
      return;
    }
    this.tools.suggestions.unmark();
    this.pause = setTimeout(() => this.suggest(option, field), QUIET);
  }

  /** Go on in another option when its name and a colon are typed. Returns whether that was so. */
  leadsElsewhere(option, field) {
    const named = /(?:^|\s)(\S+):$/.exec(field.value);
    const other = named && this.command.options.find((one) => [one.name, one.label].includes(named[1]));
    if (!other) return false;
    field.value = field.value.slice(0, named.index);
    fit(field);
    (this.fields.get(other.name) ?? this.add(other)).focus();
    this.offerRest();
    return true;
  }

  /** Show what can be chosen for an option: fixed choices, or what the bot says. */
  async suggest(option, field) {
    const { suggestions, store, complete } = this.tools;
    const title = `${option.label}: ${option.description}`;
    this.asked += 1;
    const asked = this.asked;
    const settled = this.chosen.has(option.name);
    let choices = fixedChoices(option, store);
    if (choices) {
      const typed = settled ? "" : field.value.toLowerCase();
      choices = choices.filter((one) => one.name.toLowerCase().includes(typed));
    } else if (option.autocomplete) {
      choices = await complete(this.command, option, field.value, this.filled(option.name)).catch(() => []);
    }
    if (asked !== this.asked || document.activeElement !== field) return;
    const items = (choices ?? []).map((choice) => ({
      label: choice.name,
      pick: () => this.choose(option, field, choice),
    }));
    if (items.length || (choices && !option.autocomplete)) suggestions.show(field, title, items, { choose: !option.autocomplete && !settled });
    else this.describe(title, field);
  }

  /** Where there is nothing to choose: show what the option is for. */
  describe(title, field) {
    const { suggestions } = this.tools;
    suggestions.show(field, title, []);
    suggestions.list.replaceChildren();
  }

  choose(option, field, choice) {
    field.value = choice.name;
    this.chosen.set(option.name, { name: choice.name, value: choice.value });
    fit(field);
    this.tools.suggestions.hide();
    const fields = [...this.fields.values()];
    fields.slice(fields.indexOf(field) + 1).find((one) => !one.value)?.focus();
  }

  /** Handle a key in a field. Returns whether it was for this form. */
  onKey(event) {
    const { suggestions } = this.tools;
    const [name] = [...this.fields].find(([, field]) => field === event.target) ?? [];
    const option = this.command.options.find((one) => one.name === name);
    if (!this.fields.size && this.startsOption(event)) {
      this.addNext().focus(); // the key is typed into it
      return;
    }
    const marked = suggestions.isOpen && suggestions.at >= 0 && !this.chosen.has(name);
    if (event.key === "Enter") {
      if (event.target.closest("button")) return;
      event.preventDefault();
      if (!marked || !suggestions.pick()) this.submit();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      suggestions.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Tab" && marked && !event.shiftKey) {
      event.preventDefault();
      suggestions.pick();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (suggestions.isOpen && suggestions.items.length) suggestions.hide();
      else this.tools.leave();
    } else if (event.key === "Backspace" && (!option || !event.target.value)) {
      event.preventDefault();
      if (option) this.remove(option);
      else this.tools.leave();
    }
  }

  /** Give what is filled in, without one option. */
  filled(except = "") {
    const options = this.command.options.filter((one) => one.name !== except && this.fields.get(one.name)?.value);
    return options.map((option) => ({ name: option.name, type: option.type, value: this.valueOf(option) }));
  }

  valueOf(option) {
    const text = this.fields.get(option.name)?.value ?? "";
    const choices = fixedChoices(option, this.tools.store) ?? [];
    const picked = this.chosen.get(option.name) ?? choices.find((one) => one.name.toLowerCase() === text.toLowerCase());
    return picked ? picked.value : text;
  }

  submit() {
    for (const option of this.command.options) {
      const field = this.fields.get(option.name);
      if (!field) continue;
      const value = this.valueOf(option);
      const choices = fixedChoices(option, this.tools.store);
      const unknown = value !== "" && choices && !choices.some((one) => String(one.value) === String(value));
      const wrong = unknown || (option.required || value !== "") && faultOf(option, value);
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
        return;
      }
    }
    this.tools.send(this.command, this.filled());
  }
}

/** Let a field be as wide as what is in it. */
function fit(field) {
  field.size = Math.min(Math.max([...field.value].length + 1, 8), 60);
}
