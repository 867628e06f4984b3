/** Puts the page together: events of the server go to the store, actions of the user to the server. */

import { ControlPanel } from "./control-panel.js";
import { Store } from "./store.js";
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
import { updateRelativeTimes } from "./timestamps.js";
import { copy, toast } from "./toasts.js";
import { Top } from "./top.js";
import { translate, setLocale } from "./texts.js";

const find = (id) => document.getElementById(id);
const store = new Store();
let unanswered = 0;

const EVENTS = {
  snapshot(event) {
    closePopup();
    setLocale(event.users[event.me].locale);
    store.applySnapshot(event);
    showCaption(event.caption);
  },
  message: ({ message }) => store.applyMessage(message),
  removed: ({ channel, id }) => store.removeMessage(channel, id),
  channels: ({ channels }) => store.applyChannels(channels),
  commands: () => composer.refresh(),
  relay: ({ account, relay }) => store.setRelay(account, relay),
  membership: ({ invited }) => store.setMembership(invited),
  process: ({ process }) => store.setProcess(process),
  modal: ({ interaction, modal }) => showModal(modal, store, (values) => connection.request("submit", { interaction, values })),
  unanswered: (event) => store.applyMessage(problem(event)),
  tour(event) {
    showCaption(event.caption);
    if (event.channel && event.channel !== store.current) store.open(event.channel);
  },
};

const connection = new Connection(
  (event) => EVENTS[event.event]?.(event),
  (connected) => find("app").classList.toggle("disconnected", !connected),
);

const drawers = {
  /** Show one of the drawers of a narrow window, or with nothing none. */
  show(name = "") {
    for (const id of ["sidebar", "control-panel"]) find(id).classList.toggle("open", id === name);
    find("backdrop").hidden = !name;
    if (name) find(name).querySelector("button")?.focus();
  },
};

const actions = {
  request: (what, details) => connection.request(what, details).catch((error) => toast(error.message, { bad: true })),
  press: (message, id) => actions.request("press", { message: message.id, id }),
  select: (message, id, values) => actions.request("select", { message: message.id, id, values }),
  playTour: () => actions.request("tour"),
  dismiss(message) {
    if (message.problem) store.removeMessage(message.channel, message.id);
    else actions.request("dismiss", { message: message.id });
    composer.text.focus();
  },
  openMenu: (button, message) => openMenu(button, translate("more"), itemsFor(message)),
  switchUser: (user) => actions.request("switch_user", { user }),
  opened: () => drawers.show(),
  closeDrawers: () => drawers.show(),
  type(text) {
    drawers.show();
    composer.begin(text);
  },
};

function itemsFor(message) {
  const commands = store.menu ?? [];
  const items = [
    { text: translate("copy-text"), act: () => copy(plainText(message), translate("copied")) },
    { text: translate("copy-id"), act: () => copy(message.id, translate("copied")) },
  ];
  if (commands.length) items.push({ text: translate("apps") });
  for (const command of commands) {
    items.push({ text: command.name, act: () => actions.request("menu", { message: message.id, name: command.path }) });
  }
  return items;
}

/** A message of the page itself: the bot has not answered in time. */
function problem({ channel, used }) {
  unanswered += 1;
  const last = store.messages.get(channel)?.at(-1);
  return {
    ...{ id: `${last?.id ?? "1"}${unanswered}`, channel, author: store.bot, at: Date.now() },
    ...{ content: "", embeds: [], components: [], attachments: [], ephemeral: true, problem: true },
    ...{ used: used ? { by: store.me, name: used } : null },
  };
}

function showCaption(text) {
  store.tourActive = Boolean(text);
  find("caption").textContent = text;
  find("caption").hidden = !text;
}

const timeline = new Timeline(find("timeline"), store, actions);
const composer = new Composer(find("composer"), store, connection, { toMessages: () => timeline.focusLast() });
new Sidebar(find("sidebar"), store, actions);
new Top(find("top"), store, { showDrawer: (name) => drawers.show(name) });
new ControlPanel(find("control-panel"), store, actions);
new Player(find("dock"));
updateRelativeTimes();

find("backdrop").addEventListener("click", () => drawers.show());
document.addEventListener(USE_COMMAND, (event) => composer.begin(`/${event.detail} `));
addEventListener("focus", () => store.markRead(store.current));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) {
    drawers.show();
    if (event.target.closest?.(".timeline")) composer.form ? composer.form.focus() : composer.text.focus();
  }
  if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const all = store.visible();
    const at = all.findIndex((channel) => channel.id === store.current);
    store.open(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].id);
  }
});
find("app").append(el("p", { class: "offline", role: "alert", "data-text": "offline" }));
