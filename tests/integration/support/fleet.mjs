// SPDX-License-Identifier: MIT
// Many WebSocket clients that never rest: each sends numbered messages to backends that
// number, too (children/numbered_backend.mjs), comes back when it is closed, and counts
// whatever goes wrong on the way.

import assert from 'node:assert/strict';

import WebSocket from 'ws';

import { startChild } from './child.mjs';
import { cleanup } from './cleanup.mjs';
import { eventually } from './deadline.mjs';

const TICK_MS = 20;
const COME_BACK_MS = 50;

/** A backend process that may be killed, stopped and started again at its port. */
export async function numberedBackend(t, name, port = 0) {
  const child = startChild(t, 'numbered_backend.mjs', name, String(port));
  const [, at] = await child.says(/port (\d+)/);
  return { name, child, port: Number(at), url: `http://127.0.0.1:${at}` };
}

class Client {
  constructor(fleet, index) {
    this.fleet = fleet;
    this.index = index;
    this.openings = 0;
    this.connect();
  }

  connect() {
    const { fleet } = this;
    const socket = new WebSocket(fleet.urlOf(this.index), { perMessageDeflate: false, ...fleet.options });
    Object.assign(this, { socket, sent: 0, received: 0, server: null, isOpen: false });
    socket.on('error', (error) => { this.error = error; });
    socket.on('open', () => {
      this.isOpen = true;
      this.openings++;
      this.send();
    });
    socket.on('message', (data) => this.check(data.toString()));
    socket.on('close', (code, reason) => this.onClose(code, reason.toString()));
  }

  /** One in flight at least; more when ticks come before answers. */
  send() {
    this.socket.send(String(this.sent++));
  }

  check(text) {
    const [number, server] = text.split(' ');
    if (Number(number) === this.received) {
      this.fleet.messages++;
    } else {
      this.fleet.wrong.push(`client ${this.index}: ${text}, expected ${this.received}`);
    }
    this.received++;
    this.server = server;
  }

  /** By its own will: that is not counted. */
  leaves() {
    this.isLeaving = true;
    this.socket.close(1000);
  }

  onClose(code, reason) {
    const { fleet, isLeaving } = this;
    this.isLeaving = false;
    const key = this.isOpen ? `${code} ${reason}`.trim() : 'refused';
    if (this.isOpen) fleet.onClose?.(this, code, reason);
    else fleet.lastRefusal = this.error?.message;
    this.isOpen = false;
    if (fleet.isOver) return;
    if (!isLeaving) fleet.closes.set(key, (fleet.closes.get(key) ?? 0) + 1);
    if (fleet.comesBack) setTimeout(() => fleet.isOver || this.connect(), COME_BACK_MS * (1 + Math.random()));
  }
}

class Fleet {
  /** url: text, or a function of the client's index. */
  constructor(t, url, { count, comesBack = true, perSecond = 5, options = {} }) {
    this.urlOf = typeof url === 'function' ? url : () => url;
    Object.assign(this, { comesBack, options, messages: 0, wrong: [], closes: new Map(), isOver: false, clients: [] });
    this.count = count;
    this.cursor = 0;
    this.share = Math.max(1, Math.round((count * perSecond * TICK_MS) / 1000));
    this.timer = setInterval(() => this.tick(), TICK_MS);
    cleanup(t, () => this.end());
  }

  tick() {
    for (let i = 0; i < this.share && this.clients.length > 0; i++) {
      const client = this.clients[this.cursor++ % this.clients.length];
      if (client.isOpen && client.socket.readyState === WebSocket.OPEN) client.send();
    }
  }

  get open() {
    return this.clients.filter((client) => client.isOpen);
  }

  /** Not all at once: the listener's backlog is not what is tested here. */
  async connect(atOnce = 50) {
    while (this.clients.length < this.count) {
      const some = Math.min(atOnce, this.count - this.clients.length);
      for (let i = 0; i < some; i++) this.clients.push(new Client(this, this.clients.length));
      await eventually(() => this.open.length === this.clients.length, `${this.clients.length} clients are connected`);
    }
  }

  /** Until one that comes new is sent to that server: it opens and leaves others. */
  async reaches(name) {
    await eventually(() => {
      if (this.servers()[name]) return true;
      const client = this.open.find(({ isLeaving }) => !isLeaving);
      if (client) client.leaves();
      return false;
    }, `somebody is sent to ${name}`);
  }

  /** How many talk to which server. */
  servers() {
    const servers = {};
    for (const { isOpen, isLeaving, server } of this.clients) {
      if (isOpen && !isLeaving && server) servers[server] = (servers[server] ?? 0) + 1;
    }
    return servers;
  }

  closed(pattern) {
    return [...this.closes].filter(([key]) => pattern.test(key)).reduce((sum, [, count]) => sum + count, 0);
  }

  /** All are back but for those that are absent, and each has an answer to all it sent. */
  async settles() {
    clearInterval(this.timer);
    const isQuiet = ({ isOpen, sent, received, isAbsent }) => isAbsent || (isOpen && sent === received);
    await eventually(() => this.clients.every(isQuiet), () => {
      const loud = this.clients.filter((client) => !isQuiet(client));
      return `${loud.length} clients have all their answers: ${JSON.stringify(loud.slice(0, 3).map(({ isOpen, sent, received, server }) => ({ isOpen, sent, received, server })))}, refused: ${this.lastRefusal}`;
    });
    assert.deepEqual(this.wrong, [], 'messages were lost, doubled or moved');
  }

  /** For who looks at the numbers. */
  get report() {
    return { messages: this.messages, wrong: this.wrong.length, closes: Object.fromEntries(this.closes) };
  }

  end() {
    this.isOver = true;
    clearInterval(this.timer);
    for (const { socket } of this.clients) socket.terminate();
  }
}

export async function startFleet(t, url, options) {
  const fleet = new Fleet(t, url, options);
  await fleet.connect();
  return fleet;
}
