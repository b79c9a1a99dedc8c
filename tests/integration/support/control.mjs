// SPDX-License-Identifier: MIT
// A peer of the control socket that speaks its protocol by itself, line by line.

import { once } from 'node:events';
import net from 'node:net';
import readline from 'node:readline';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';

export class ControlPeer {
  constructor(socket) {
    this.socket = socket;
    this.lines = readline.createInterface({ input: socket })[Symbol.asyncIterator]();
    this.socket.on('error', () => {}); // the end is told by the lines
  }

  write(text) {
    this.socket.write(text);
  }

  /** The next line as an object; undefined at the end. */
  async next() {
    const { value } = await within(this.lines.next(), 'a line of the control socket');
    return value && JSON.parse(value);
  }

  /** Asks, and gives the answer; items gets the lines before it. */
  async ask(request, items = []) {
    this.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const line = await this.next();
      if (!line || 'ok' in line) return line;
      items.push(line);
    }
  }
}

export async function connectControl(t, wherry, options = {}) {
  const socket = net.connect({ path: wherry.controlPath, ...options });
  cleanup(t, () => socket.destroy());
  await within(once(socket, 'connect'), 'connected to the control socket');
  return new ControlPeer(socket);
}

/** One request over a connection of its own. */
export async function askControl(t, wherry, request, items) {
  const peer = await connectControl(t, wherry);
  const answer = await peer.ask(request, items);
  peer.socket.destroy();
  return answer;
}
