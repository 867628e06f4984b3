/** Puts the page together: what the server says goes to the club, what people do to the server. */

import { Backstage } from "./backstage.js";
import { Club } from "./club.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { el } from "./dom.js";
import { USE_COMMAND } from "./markdown/render.js";
import { plainText } from "./message.js";
import { showModal } from "./modal.js";
import { Player } from "./player.js";
import { closePopup, openMenu } from "./popup.js";
import { Sidebar } from "./sidebar.js";
import { Timeline } from "./timeline.js";
import { keepCurrent } from "./times.js";
import { copy, toast } from "./toasts.js";
import { Top } from "./top.js";
import { say, speak } from "./words.js";

const find = (id) => document.getElementById(id);
const club = new Club();
let unanswered = 0;

const EVENTS = {
  snapshot(event) {
    closePopup();
    speak(event.users[event.me].locale);
    club.takeSnapshot(event);
    tellCaption(event.caption);
  },
  message: ({ message }) => club.takeMessage(message),
  removed: ({ channel, id }) => club.removeMessage(channel, id),
  channels: ({ channels }) => club.takeChannels(channels),
  commands: () => composer.refresh(),
  relay: ({ relay }) => club.takeRelay(relay),
  process: ({ process }) => club.takeProcess(process),
  modal: ({ interaction, modal }) => showModal(modal, club, (values) => line.ask("submit", { interaction, values })),
  unanswered: (event) => club.takeMessage(problem(event)),
  tour(event) {
    tellCaption(event.caption);
    if (event.channel && event.channel !== club.current) club.open(event.channel);
  },
};

const line = new Connection(
  (event) => EVENTS[event.event]?.(event),
  (connected) => find("app").classList.toggle("disconnected", !connected),
);

const drawers = {
  /** Show one of the drawers of a narrow window, or with nothing none. */
  show(name = "") {
    for (const id of ["sidebar", "backstage"]) find(id).classList.toggle("open", id === name);
    find("veil").hidden = !name;
    if (name) find(name).querySelector("button")?.focus();
  },
};

const deeds = {
  ask: (what, details) => line.ask(what, details).catch((error) => toast(error.message, { bad: true })),
  press: (message, id) => deeds.ask("press", { message: message.id, id }),
  select: (message, id, values) => deeds.ask("select", { message: message.id, id, values }),
  dismiss(message) {
    if (message.problem) club.removeMessage(message.channel, message.id);
    else deeds.ask("dismiss", { message: message.id });
    composer.text.focus();
  },
  openMenu: (button, message) => openMenu(button, say("more"), itemsFor(message)),
  become: (user) => deeds.ask("become", { user }),
  opened: () => drawers.show(),
  closeDrawers: () => drawers.show(),
  type(text) {
    drawers.show();
    composer.begin(text);
  },
};

function itemsFor(message) {
  const commands = club.menu ?? [];
  const items = [
    { text: say("copy-text"), act: () => copy(plainText(message), say("copied")) },
    { text: say("copy-id"), act: () => copy(message.id, say("copied")) },
  ];
  if (commands.length) items.push({ text: say("apps") });
  for (const command of commands) {
    items.push({ text: command.name, act: () => deeds.ask("menu", { message: message.id, name: command.path }) });
  }
  return items;
}

/** A message of the page itself: the bot has not answered in time. */
function problem({ channel, used }) {
  unanswered += 1;
  const last = club.messages.get(channel)?.at(-1);
  return {
    ...{ id: `${last?.id ?? "1"}${unanswered}`, channel, author: club.bot, at: Date.now() },
    ...{ content: "", embeds: [], components: [], attachments: [], ephemeral: true, problem: true },
    ...{ used: used ? { by: club.me, name: used } : null },
  };
}

function tellCaption(text) {
  club.touring = Boolean(text);
  find("caption").textContent = text;
  find("caption").hidden = !text;
}

const timeline = new Timeline(find("timeline"), club, deeds);
const composer = new Composer(find("composer"), club, line, { toMessages: () => timeline.focusLast() });
new Sidebar(find("sidebar"), club, deeds);
new Top(find("top"), club, { showDrawer: (name) => drawers.show(name) });
new Backstage(find("backstage"), club, deeds);
new Player(find("dock"));
keepCurrent();

find("veil").addEventListener("click", () => drawers.show());
document.addEventListener(USE_COMMAND, (event) => composer.begin(`/${event.detail} `));
addEventListener("focus", () => club.markRead(club.current));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) {
    drawers.show();
    if (event.target.closest?.(".timeline")) composer.form ? composer.form.focus() : composer.text.focus();
  }
  if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const all = club.visible();
    const at = all.findIndex((channel) => channel.id === club.current);
    club.open(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].id);
  }
});
find("app").append(el("p", { class: "offline", role: "alert", text: "The demo does not run any more. This page waits for it to come back." }));
