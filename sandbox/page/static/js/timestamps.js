/** Times as Discord shows them; relative times are kept current. */

import { el } from "./dom.js";
import { locale, translate } from "./texts.js";

const STYLES = {
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

/** Make the `<time>` of `<t:seconds:style>`; with style R it is kept current. */
export function timestamp(seconds, style = "f") {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode(String(seconds));
  const node = el("time", {
    class: "timestamp",
    datetime: date.toISOString(),
    title: inFull(date),
    "data-seconds": seconds,
    "data-style": style,
    "data-locale": locale(),
  });
  node.textContent = style === "R" ? relative(seconds) : formatted(date, STYLES[style] ?? STYLES.f);
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
  const time = formatted(date, STYLES.t);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = short ? time : isToday ? translate("today", { time }) : formatted(date, { dateStyle: "short", timeStyle: "short" });
  return el("time", { class: "posted", datetime: date.toISOString(), title: inFull(date), text });
}

/** Keep relative times current. */
export function updateRelativeTimes() {
  setInterval(() => {
    for (const node of document.querySelectorAll('time[data-style="R"]')) {
      const text = relative(Number(node.dataset.seconds), Date.now() / 1000, node.dataset.locale);
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}

function inFull(date) {
  return formatted(date, STYLES.F);
}

function formatted(date, style) {
  return new Intl.DateTimeFormat(locale(), style).format(date);
}
