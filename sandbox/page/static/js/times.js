/** Times as Discord shows them, and those that go on while one looks. */

import { el } from "./dom.js";
import { locale, say } from "./words.js";

const LOOKS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Make the `<time>` of `<t:seconds:look>`; with look R it is kept current. */
export function timestamp(seconds, look = "f") {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode(String(seconds));
  const node = el("time", {
    class: "timestamp",
    datetime: date.toISOString(),
    title: inFull(date),
    "data-seconds": seconds,
    "data-look": look,
    "data-locale": locale(),
  });
  node.textContent = look === "R" ? relative(seconds) : formatted(date, LOOKS[look] ?? LOOKS.f);
  return node;
}

/** Say how far a time is from now: "in 2 minutes", "5 seconds ago". */
export function relative(seconds, now = Date.now() / 1000, language = locale()) {
  const distance = Math.round(seconds - now);
  const [unit, length] = STEPS.find(([, size]) => Math.abs(distance) >= size) ?? STEPS.at(-1);
  const count = Math.trunc(distance / length);
  return new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(count, unit);
}

/** Make the time of a message: that of today short, any other with its date. */
export function posted(milliseconds, { short = false } = {}) {
  const date = new Date(milliseconds);
  const time = formatted(date, LOOKS.t);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = short ? time : isToday ? say("today", { time }) : formatted(date, { dateStyle: "short", timeStyle: "short" });
  return el("time", { class: "posted", datetime: date.toISOString(), title: inFull(date), text });
}

/** Keep relative times current. */
export function keepCurrent() {
  setInterval(() => {
    for (const node of document.querySelectorAll('time[data-look="R"]')) {
      const text = relative(Number(node.dataset.seconds), Date.now() / 1000, node.dataset.locale);
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}

function inFull(date) {
  return formatted(date, LOOKS.F);
}

function formatted(date, look) {
  return new Intl.DateTimeFormat(locale(), look).format(date);
}
