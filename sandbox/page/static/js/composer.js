/** The message box: text, or a slash command with its options. */

import { CommandForm } from "./command-form.js";
import { matching, readTyped } from "./commands.js";
import { el, namedIconButton } from "./dom.js";
import { Suggestions } from "./suggestions.js";
import { toast } from "./toasts.js";
import { translate } from "./texts.js";

export class Composer {
  /**
   * @param {HTMLElement} root
   * @param {import("./store.js").Store} store
   * @param {import("./connection.js").Connection} connection
   * @param {{toMessages: () => void}} moves
   */
  constructor(root, store, connection, moves) {
    this.store = store;
    this.connection = connection;
    this.moves = moves;
    this.commands = [];
    this.form = null;
    this.sending = false;
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
    this.slash = namedIconButton("slash", "commands", () => this.begin("/"));
    this.sendButton = namedIconButton("send", "send", () => this.send(), { class: "icon-button send" });
    this.box = el("div", { class: "composer-box" }, this.slash, this.text, this.sendButton);
    root.append(this.suggestions.root, this.box);
    this.text.addEventListener("input", () => this.onInput());
    this.text.addEventListener("blur", () => this.suggestions.hide());
    this.text.addEventListener("focus", () => this.text.value.startsWith("/") && this.onInput());
    this.box.addEventListener("keydown", (event) => (this.form ? this.form.onKey(event) : this.onKey(event)));
    store.on("snapshot", () => this.switchChannel());
    store.on("open", () => this.switchChannel());
  }

  /** Show the commands and the hint of another channel or user. */
  switchChannel() {
    const channel = this.store.channel();
    if (!channel) return;
    const hint = translate(channel.kind === "direct" ? "message-to" : "message-in", { name: channel.name });
    this.text.placeholder = hint;
    this.text.setAttribute("aria-label", hint);
    this.leave({ focus: false });
    this.refresh();
  }

  /** Request the available commands. */
  async refresh() {
    const channel = this.store.current;
    const offered = await this.connection.request("available_commands", { channel }).catch(() => null);
    if (!offered || channel !== this.store.current) return;
    this.commands = offered.slash;
    this.store.menu = offered.menu;
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
    this.suggestions.show(this.text, translate("commands"), items);
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
      store: this.store,
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
    return this.connection.request("autocomplete", { channel: this.store.current, name: command.path, option: option.name, text, others });
  }

  /** Use a command, once: Enter may be pressed again before the server has answered. */
  async use(command, options) {
    if (this.sending) return;
    this.sending = true;
    try {
      await this.connection.request("command", { channel: this.store.current, name: command.path, options });
      this.leave();
    } catch (error) {
      toast(error.message, { bad: true });
    } finally {
      this.sending = false;
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
      await this.connection.request("send_message", { channel: this.store.current, text });
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
