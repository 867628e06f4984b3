/** The list of channels and, below it, who one is. */

import { avatar, el, icon, iconButton } from "./dom.js";
import { openMenu } from "./popup.js";
import { theme, toggleTheme } from "./theme.js";

const ICONS = { text: "hash", thread: "thread", direct: "direct" };
const LANGUAGES = { "en-US": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文" };

export class Sidebar {
  /**
   * @param {HTMLElement} root
   * @param {import("./club.js").Club} club
   * @param {{become: (id: string) => void, opened: () => void}} deeds
   */
  constructor(root, club, deeds) {
    this.club = club;
    this.deeds = deeds;
    this.head = el("div", { class: "guild" });
    this.places = el("div", { class: "places" });
    this.person = el("div", { class: "person" });
    root.append(this.head, this.places, this.person);
    for (const kind of ["snapshot", "channels", "open", "unread"]) club.on(kind, () => this.draw());
    this.places.addEventListener("keydown", (event) => this.onKey(event));
    club.on("snapshot", () => this.drawPerson());
  }

  draw() {
    const { club } = this;
    const held = this.places.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.head.replaceChildren(el("span", { class: "guild-icon" }, icon("wave")), el("h1", { text: club.guild }));
    const all = club.visible();
    const texts = all.filter((channel) => channel.kind !== "direct");
    const direct = all.filter((channel) => channel.kind === "direct");
    this.places.replaceChildren(this.group("Channels", texts), this.group("Direct messages", direct));
    if (held) this.places.querySelector(`[data-id="${held}"]`)?.focus();
    const mentions = all.reduce((sum, channel) => sum + club.unread(channel.id).mentions, 0);
    const here = club.channel();
    const name = here ? `${here.kind === "direct" ? "" : "#"}${here.name}` : "Suno Bot";
    document.title = `${mentions ? `(${mentions}) ` : ""}${name} · local demo`;
  }

  group(name, channels) {
    return el("div", { class: "place-group", role: "group", "aria-label": name }, el("h2", { text: name }), ...channels.map((channel) => this.place(channel)));
  }

  place(channel) {
    const { club } = this;
    const isOpen = channel.id === club.current;
    const { count, mentions } = isOpen ? { count: 0, mentions: 0 } : club.unread(channel.id);
    const said = [channel.name, count ? `${count} unread` : "", mentions ? `${mentions} mentioning you` : ""].filter(Boolean).join(", ");
    return el(
      "button",
      {
        type: "button",
        class: `place ${channel.kind}${count ? " unread" : ""}`,
        "aria-current": isOpen ? "page" : null,
        "aria-label": said,
        "data-id": channel.id,
        on: {
          click: () => {
            club.open(channel.id);
            this.deeds.opened();
          },
        },
      },
      channel.kind === "direct" ? avatar(club.user(club.bot), club.bot, true) : icon(ICONS[channel.kind]),
      el("span", { class: "place-name", text: channel.name }),
      mentions > 0 && el("span", { class: "badge", "aria-hidden": "true", text: String(mentions) }),
    );
  }

  onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...this.places.querySelectorAll(".place")];
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].focus();
  }

  drawPerson() {
    const { club } = this;
    const me = club.user();
    const switcher = el(
      "button",
      { type: "button", class: "switcher", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `You are ${me.name}. Be somebody else`, title: "Be somebody else" },
      avatar(me, club.me),
      el("span", { class: "switcher-text" }, el("strong", { text: me.name }), el("small", { text: LANGUAGES[me.locale] ?? me.locale })),
      icon("chevron"),
    );
    switcher.addEventListener("click", () => openMenu(switcher, "Be somebody else", this.others(), { above: true, wide: true }));
    const other = () => (theme() === "dark" ? ["sun", "Switch to the light theme"] : ["moon", "Switch to the dark theme"]);
    const button = iconButton(...other(), () => {
      toggleTheme();
      this.drawPerson();
      this.person.querySelector(".icon-button").focus();
    });
    this.person.replaceChildren(switcher, button);
  }

  others() {
    const { club } = this;
    return club.people.map((id) => ({
      text: club.user(id).name,
      detail: LANGUAGES[club.user(id).locale] ?? club.user(id).locale,
      icon: avatar(club.user(id), id, true),
      checked: id === club.me,
      act: () => this.deeds.become(id),
    }));
  }
}
