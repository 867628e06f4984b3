/** The WebSocket to the server: requests with their replies, and events. */

import { translate } from "./texts.js";

/** Milliseconds between two attempts to connect. */
const RECONNECT_DELAY = 1000;

export class Connection {
  /**
   * @param {(event: object) => void} onEvent called with every event
   * @param {(connected: boolean) => void} onState called when the connection opens and closes
   */
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.waiting = new Map();
    this.count = 0;
    this.open();
  }

  /**
   * Send a request to the server.
   * @returns {Promise<any>} the result; rejects with the text of the error
   */
  request(what, details = {}) {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error(translate("not-running")));
    this.count += 1;
    const ref = this.count;
    this.socket.send(JSON.stringify({ ref, do: what, ...details }));
    return new Promise((resolve, reject) => this.waiting.set(ref, { resolve, reject }));
  }

  open() {
    this.socket = new WebSocket(`ws://${location.host}/socket`);
    this.socket.addEventListener("open", () => this.onState(true));
    this.socket.addEventListener("message", (message) => this.take(JSON.parse(message.data)));
    this.socket.addEventListener("close", () => {
      for (const { reject } of this.waiting.values()) reject(new Error(translate("not-running")));
      this.waiting.clear();
      this.onState(false);
      setTimeout(() => this.open(), RECONNECT_DELAY);
    });
  }

  take(message) {
    if (message.event) {
      this.onEvent(message);
      return;
    }
    const waiter = this.waiting.get(message.ref);
    this.waiting.delete(message.ref);
    if (message.error !== undefined) waiter?.reject(new Error(message.error));
    else waiter?.resolve(message.result);
  }
}
