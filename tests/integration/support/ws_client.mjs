// SPDX-License-Identifier: MIT
// A client through the ws library, whose messages and end can be waited for.

import WebSocket from 'ws';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';

class Client {
  constructor(socket) {
    this.socket = socket;
    this.messages = [];
    this.takers = [];
    socket.on('error', (error) => { this.error = error; });
    socket.on('message', (data, isBinary) => this.keep({ data, isBinary }));
    const opening = new Promise((resolve, reject) => {
      socket.once('open', resolve).once('error', reject);
    });
    const ending = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    opening.catch(() => {});
    this.opened = () => within(opening, 'a WebSocket opens');
    /** What the other side said in its Close; 1006 if it said nothing. */
    this.closed = () => within(ending, 'a WebSocket closes');
  }

  keep(message) {
    const taker = this.takers.shift();
    if (taker) taker(message);
    else this.messages.push(message);
  }

  /** The next message: { data: Buffer, isBinary }. */
  message() {
    if (this.messages.length > 0) return Promise.resolve(this.messages.shift());
    return within(new Promise((resolve) => this.takers.push(resolve)), 'a WebSocket message');
  }

  async text() {
    return (await this.message()).data.toString();
  }

  send(data, options = {}) {
    return new Promise((resolve, reject) => {
      this.socket.send(data, options, (error) => (error ? reject(error) : resolve()));
    });
  }
}

export async function connectWebSocket(t, url, { protocols = [], ...options } = {}) {
  const settings = { maxPayload: 0, perMessageDeflate: false, ...options };
  const socket = new WebSocket(url, protocols, settings);
  cleanup(t, () => socket.terminate());
  const client = new Client(socket);
  await client.opened();
  return client;
}
