/** The list of channels and, below it, the current user. */

import { avatar, el, icon, iconButton } from "./dom.js";
import { openMenu } from "./popup.js";
import { translate } from "./texts.js";
import { theme, toggleTheme } from "./theme.js";

const ICONS = { text: "hash", thread: "thread", direct: "direct" };
const LANGUAGES = { "en-US": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文" };

export class Sidebar {
  /**
   * @param {HTMLElement} root
   * @param {import("./store.js").Store} store
   * @param {{switchUser: (id: string) => void, opened: () => void}} actions
   */
  constructor(root, store, actions) {
    this.store = store;
    this.actions = actions;
    this.head = el("div", { class: "guild" });
    this.channelList = el("div", { class: "channel-list" });
    this.person = el("div", { class: "person" });
    root.append(this.head, this.channelList, this.person);
    for (const kind of ["snapshot", "channels", "open", "unread"]) store.on(kind, () => this.draw());
    this.channelList.addEventListener("keydown", (event) => this.onKey(event));
    store.on("snapshot", () => this.drawUser());
  }

  draw() {
    const { store } = this;
    const held = this.channelList.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.head.replaceChildren(el("span", { class: "guild-icon" }, icon("wave")), el("h1", { text: store.guild }));
    const all = store.visible();
    const texts = all.filter((channel) => channel.kind !== "direct");
    const direct = all.filter((channel) => channel.kind === "direct");
    this.channelList.replaceChildren(this.group(translate("channels"), texts), this.group(translate("direct"), direct));
    if (held) this.channelList.querySelector(`[data-id="${held}"]`)?.focus();
    const mentions = all.reduce((sum, channel) => sum + store.unread(channel.id).mentions, 0);
    const here = store.channel();
    const name = here ? `${here.kind === "direct" ? "" : "#"}${here.name}` : "Suno Bot";
    document.title = `${mentions ? `(${mentions}) ` : ""}${name} · ${translate("local-demo")}`;
  }

  group(name, channels) {
    return el("div", { class: "channel-group", role: "group", "aria-label": name }, el("h2", { text: name }), ...channels.map((channel) => this.item(channel)));
  }

  item(channel) {
    const { store } = this;
    const isOpen = channel.id === store.current;
    const { count, mentions } = isOpen ? { count: 0, mentions: 0 } : store.unread(channel.id);
    const said = [channel.name, count ? translate("unread", { count }) : "", mentions ? translate("mentions", { count: mentions }) : ""].filter(Boolean).join(", ");
    return el(
      "button",
      {
        type: "button",
        class: `channel-item ${channel.kind}${count ? " unread" : ""}`,
        "aria-current": isOpen ? "page" : null,
        "aria-label": said,
        "data-id": channel.id,
        on: {
          click: () => {
            store.open(channel.id);
            this.actions.opened();
          },
        },
      },
      channel.kind === "direct" ? avatar(store.user(store.bot), store.bot, true) : icon(ICONS[channel.kind]),
      el("span", { class: "channel-name", text: channel.name }),
      mentions > 0 && el("span", { class: "badge", "aria-hidden": "true", text: String(mentions) }),
    );
  }

  onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...this.channelList.querySelectorAll(".channel-item")];
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].focus();
  }

  drawUser() {
    const { store } = this;
    const me = store.user();
    const switcher = el(
      "button",
      { type: "button", class: "switcher", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": translate("you-are", { name: me.name }), title: translate("switch-user") },
      avatar(me, store.me),
      el("span", { class: "switcher-text" }, el("strong", { text: me.name }), el("small", { text: LANGUAGES[me.locale] ?? me.locale })),
      icon("chevron"),
    );
    switcher.addEventListener("click", () => openMenu(switcher, translate("switch-user"), this.others(), { above: true, wide: true }));
    const other = () => (theme() === "dark" ? ["sun", translate("to-light")] : ["moon", translate("to-dark")]);
    const button = iconButton(...other(), () => {
      toggleTheme();
      this.drawUser();
      this.person.querySelector(".icon-button").focus();
    });
    this.person.replaceChildren(switcher, button);
  }

  others() {
    const { store } = this;
    return store.people.map((id) => ({
      text: store.user(id).name,
      detail: LANGUAGES[store.user(id).locale] ?? store.user(id).locale,
      icon: avatar(store.user(id), id, true),
      checked: id === store.me,
      act: () => this.actions.switchUser(id),
    }));
  }
}
