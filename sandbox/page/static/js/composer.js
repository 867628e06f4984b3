/** The message box: text, or a slash command with its options. */

import { CommandForm } from "./command-form.js";
import { matching, readTyped } from "./commands.js";
import { el, iconButton } from "./dom.js";
import { Suggestions } from "./suggestions.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

export class Composer {
  /**
   * @param {HTMLElement} root
   * @param {import("./club.js").Club} club
   * @param {import("./connection.js").Connection} line
   * @param {{toMessages: () => void}} moves
   */
  constructor(root, club, line, moves) {
    this.club = club;
    this.line = line;
    this.moves = moves;
    this.commands = [];
    this.form = null;
    this.suggestions = new Suggestions();
    this.text = el("textarea", {
      class: "composer-text",
      rows: "1",
      maxlength: "2000",
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      enterkeyhint: "send",
      autocomplete: "off",
    });
    this.slash = iconButton("slash", say("commands"), () => this.begin("/"));
    this.sendButton = iconButton("send", say("send"), () => this.send(), { class: "icon-button send" });
    this.box = el("div", { class: "composer-box" }, this.slash, this.text, this.sendButton);
    root.append(this.suggestions.root, this.box);
    this.text.addEventListener("input", () => this.onInput());
    this.text.addEventListener("blur", () => this.suggestions.hide());
    this.text.addEventListener("focus", () => this.text.value.startsWith("/") && this.onInput());
    this.box.addEventListener("keydown", (event) => (this.form ? this.form.onKey(event) : this.onKey(event)));
    club.on("snapshot", () => this.changePlace());
    club.on("open", () => this.changePlace());
  }

  /** Another channel or another person: other commands, another hint. */
  changePlace() {
    const channel = this.club.channel();
    if (!channel) return;
    const hint = say(channel.kind === "direct" ? "message-to" : "message-in", { name: channel.name });
    this.text.placeholder = hint;
    this.text.setAttribute("aria-label", hint);
    this.leave({ focus: false });
    this.refresh();
  }

  /** Ask which commands there are. */
  async refresh() {
    const channel = this.club.current;
    const offered = await this.line.ask("offered", { channel }).catch(() => null);
    if (!offered || channel !== this.club.current) return;
    this.commands = offered.slash;
    this.club.menu = offered.menu;
    if (document.activeElement === this.text && this.text.value.startsWith("/")) this.onInput();
  }

  /** Put something into the box, as if it had been typed. */
  begin(text) {
    this.leave({ focus: false });
    this.text.value = text;
    this.text.focus();
    this.onInput();
  }

  onInput() {
    this.fit();
    const typed = this.text.value;
    if (!typed.startsWith("/") || typed.includes("\n")) {
      this.suggestions.hide();
      return;
    }
    const whole = readTyped(this.commands, typed);
    if (whole) {
      this.enter(whole.command, whole.values);
      return;
    }
    const items = matching(this.commands, typed).map((command) => ({
      label: `/${command.name}`,
      hint: command.options.map((option) => (option.required ? option.label : `[${option.label}]`)).join(" "),
      detail: command.description,
      pick: () => this.enter(command, {}),
    }));
    this.suggestions.show(this.text, say("commands"), items);
  }

  onKey(event) {
    const { suggestions } = this;
    if (event.target !== this.text || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!suggestions.isOpen || !suggestions.pick()) this.send();
    } else if (event.key === "Tab" && suggestions.isOpen && suggestions.at >= 0 && !event.shiftKey) {
      event.preventDefault();
      suggestions.pick();
    } else if (suggestions.isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      suggestions.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "ArrowUp" && !this.text.value) {
      event.preventDefault();
      this.moves.toMessages();
    } else if (event.key === "Escape") {
      suggestions.hide();
    }
  }

  /** Begin to fill in a command. */
  enter(command, values) {
    this.suggestions.hide();
    this.text.value = "";
    this.fit();
    this.form = new CommandForm(command, values, {
      club: this.club,
      suggestions: this.suggestions,
      complete: (...what) => this.complete(...what),
      send: (...what) => this.use(...what),
      leave: () => this.leave(),
    });
    this.text.hidden = true;
    this.text.before(this.form.root);
    this.form.focus();
  }

  /** Go back to plain text. */
  leave({ focus = true } = {}) {
    this.form?.root.remove();
    this.form = null;
    this.text.hidden = false;
    this.text.value = "";
    this.fit();
    this.suggestions.hide();
    if (focus) this.text.focus();
  }

  complete(command, option, text, others) {
    return this.line.ask("autocomplete", { channel: this.club.current, name: command.path, option: option.name, text, others });
  }

  async use(command, options) {
    try {
      await this.line.ask("command", { channel: this.club.current, name: command.path, options });
      this.leave();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  async send() {
    if (this.form) {
      this.form.submit();
      return;
    }
    const text = this.text.value.trim();
    if (!text) return;
    try {
      await this.line.ask("say", { channel: this.club.current, text });
      this.leave();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 240)}px`;
    this.sendButton.disabled = false;
  }
}
