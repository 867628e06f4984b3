/** The state of the page: users, channels, messages, what is unread. Emits an event for each change. */

const READ = "read";

export class Store extends EventTarget {
  constructor() {
    super();
    this.tourActive = false;
    this.me = "";
    this.bot = "";
    this.people = [];
    this.users = {};
    this.roles = {};
    this.guild = "";
    this.channels = [];
    this.messages = new Map();
    this.current = "";
    this.relays = {};
    this.process = null;
    this.invited = true;
    this.read = loadRead();
    this.readBefore = new Map();
  }

  /** Call `listener` at every event of a kind. */
  on(kind, listener) {
    this.addEventListener(kind, (event) => listener(event.detail));
  }

  emit(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  /** Replace everything by what one user sees. */
  applySnapshot(snapshot) {
    Object.assign(this, {
      me: snapshot.me,
      bot: snapshot.bot,
      people: snapshot.people,
      users: snapshot.users,
      roles: snapshot.roles,
      guild: snapshot.guild,
      channels: snapshot.channels,
      relays: snapshot.relays,
      process: snapshot.process,
      invited: snapshot.invited,
    });
    this.messages = new Map(this.channels.map((channel) => [channel.id, []]));
    for (const message of snapshot.messages) this.messages.get(message.channel)?.push(message);
    if (!this.channel()) this.current = this.visible()[0]?.id ?? "";
    this.readBefore = new Map(this.channels.map((channel) => [channel.id, this.lastRead(channel.id)]));
    this.markRead(this.current);
    this.emit("snapshot");
  }

  applyChannels(channels) {
    this.channels = channels;
    for (const { id } of channels) if (!this.messages.has(id)) this.messages.set(id, []);
    if (!this.channel()) this.open(this.visible()[0]?.id ?? "");
    this.emit("channels");
  }

  /** Add a message, or replace its earlier state. */
  applyMessage(message) {
    const known = this.messages.get(message.channel);
    if (!known) return;
    const at = known.findIndex((one) => one.id === message.id);
    if (at >= 0) known[at] = message;
    else known.push(message);
    if (message.channel === this.current && document.hasFocus()) this.markRead(message.channel);
    this.emit("message", { message, isNew: at < 0 });
    this.emit("unread");
  }

  removeMessage(channel, id) {
    const known = this.messages.get(channel);
    const at = known?.findIndex((one) => one.id === id) ?? -1;
    if (at < 0) return;
    known.splice(at, 1);
    this.emit("removed", { channel, id });
  }

  setRelay(account, relay) {
    this.relays[account] = relay;
    this.emit("relay");
  }

  setMembership(invited) {
    this.invited = invited;
    this.emit("process");
  }

  setProcess(process) {
    this.process = process;
    this.emit("process");
  }

  /** Show another channel. */
  open(id) {
    if (!this.channels.some((channel) => channel.id === id)) return;
    this.current = id;
    this.readBefore.set(id, this.lastRead(id));
    this.markRead(id);
    this.emit("open");
  }

  channel(id = this.current) {
    return this.channels.find((channel) => channel.id === id);
  }

  /** The channels in the order in which they are listed: each with its threads, then the direct ones. */
  visible() {
    const texts = this.channels.filter((channel) => channel.kind === "text");
    const threads = (parent) => this.channels.filter((channel) => channel.parent === parent.id);
    const direct = this.channels.filter((channel) => channel.kind === "direct");
    return [...texts.flatMap((channel) => [channel, ...threads(channel)]), ...direct];
  }

  user(id = this.me) {
    return this.users[id] ?? { name: "unknown", bot: false, locale: "en-US" };
  }

  /** The names of the ids in a message. */
  get names() {
    return {
      user: (id) => this.users[id]?.name,
      role: (id) => this.roles[id],
      channel: (id) => this.channels.find((channel) => channel.id === id)?.name,
      openChannel: (id) => this.open(id),
    };
  }

  /** How many messages of a channel were not read, and how many of them mention the user. */
  unread(id) {
    const last = this.lastRead(id);
    const fresh = (this.messages.get(id) ?? []).filter(
      (one) => !one.ephemeral && one.author !== this.me && isLater(one.id, last),
    );
    return { count: fresh.length, mentions: fresh.filter((one) => one.pinged).length };
  }

  lastRead(id) {
    return this.read[`${this.me}/${id}`] ?? "0";
  }

  /** Mark all messages of a channel as read. */
  markRead(id) {
    const last = this.messages.get(id)?.findLast((one) => !one.problem);
    if (!last || !isLater(last.id, this.lastRead(id))) return;
    this.read[`${this.me}/${id}`] = last.id;
    try {
      sessionStorage.setItem(READ, JSON.stringify(this.read));
    } catch {
      // then a reload forgets what was read
    }
    this.emit("unread");
  }
}

/** Whether one id of Discord's is later than another; they do not fit a number. */
export function isLater(id, than) {
  return id.length === than.length ? id > than : id.length > than.length;
}

function loadRead() {
  try {
    return JSON.parse(sessionStorage.getItem(READ)) ?? {};
  } catch {
    return {};
  }
}
