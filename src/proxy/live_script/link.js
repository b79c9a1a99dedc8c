// SPDX-License-Identifier: MIT
// The page's one WebSocket, for all that it follows: made, lost, and made again.

const PATIENCE_MS = 10e3; // for an answer of the server
const LONGEST_PAUSE_MS = 30e3; // between tries to connect

// Random, for a server that restarts has many pages to come back.
function pauseThen(does, failures) {
  const longest = Math.min(LONGEST_PAUSE_MS, 1e3 * 2 ** failures);
  return setTimeout(does, longest * (0.1 + 0.9 * Math.random()));
}

// Two tries to make it, then two by server-sent events, and so on: what works is found soon
// where one of them is blocked. What was open once is not: then it is tried for longer, as
// the server may just be restarting.
const link = {
  socket: null,
  isOpen: false,
  hasWorked: false,
  timer: 0, // until it is open, or tried again
  tries: 0,
  failures: 0, // in a row

  isLeft() {
    const most = this.hasWorked ? 10 : 2;
    return this.tries % (most + 1) === most;
  },

  open() {
    if (this.socket || this.timer) return;
    try {
      this.socket = new WebSocket(`${location.origin}/.wherry/live`.replace('http', 'ws'), 'wherry.v1');
    } catch (error) { // where it is forbidden, in some browsers
      this.lose();
      return;
    }
    const { socket } = this;
    const whileMine = (does) => (event) => this.socket === socket && does(event);
    this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
    socket.onopen = whileMine(() => this.begin());
    socket.onclose = socket.onerror = whileMine(() => this.lose());
    socket.onmessage = whileMine(({ data }) => {
      this.tries = this.failures = 0; // there are servers that accept, and close
      this.hasWorked = true;
      const envelope = JSON.parse(data);
      const live = lives.get(envelope.channel);
      if (live && live.line === socket) live.take(envelope, data);
    });
  },

  begin() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.isOpen = true;
    lives.forEach((live) => live.connect());
  },

  say(message) {
    this.socket.send(JSON.stringify(message));
  },

  close() {
    const { socket } = this;
    clearTimeout(this.timer);
    this.timer = 0;
    this.socket = null;
    this.isOpen = false;
    lives.forEach((live) => live.line && live.line === socket && live.disconnect());
    if (socket) socket.close();
  },

  lose() {
    this.close();
    this.tries++;
    this.timer = pauseThen(() => {
      this.timer = 0;
      lives.forEach((live) => live.connect());
    }, this.failures++);
  },
};
