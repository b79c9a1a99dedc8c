// SPDX-License-Identifier: MIT
// One end of a connection as bytes: what came is kept until it is taken, and every wait has
// a deadline. The same for a client of Wherry and for a connection Wherry made to a backend.

import { once } from 'node:events';
import net from 'node:net';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';

export class Peer {
  constructor(socket) {
    this.socket = socket;
    this.chunks = [];
    this.length = 0; // bytes that are here and not taken
    this.receivedTotal = 0;
    this.sawEnd = false;
    this.sawClose = false;
    this.error = null; // code of what broke the connection
    this.waiters = new Set();
    socket.setNoDelay?.(true);
    socket.on('data', (chunk) => this.keep(chunk));
    socket.on('end', () => this.note({ sawEnd: true }));
    socket.on('error', (error) => this.note({ error: error.code }));
    socket.on('close', () => this.note({ sawClose: true }));
  }

  keep(chunk) {
    this.chunks.push(chunk);
    this.length += chunk.length;
    this.receivedTotal += chunk.length;
    this.wake();
  }

  note(change) {
    Object.assign(this, change);
    this.wake();
  }

  wake() {
    for (const waiter of [...this.waiters]) waiter();
  }

  get isOver() {
    return this.sawEnd || this.sawClose;
  }

  /** All that is here, without taking it. */
  peek() {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks, this.length)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }

  take(length) {
    const all = this.peek();
    this.chunks = length < all.length ? [all.subarray(length)] : [];
    this.length = all.length - length;
    return all.subarray(0, length);
  }

  /** Waits until look() gives something else than undefined. */
  when(look, what) {
    const found = new Promise((resolve, reject) => {
      const waiter = () => {
        try {
          const value = look();
          if (value === undefined) return;
          this.waiters.delete(waiter);
          resolve(value);
        } catch (error) {
          this.waiters.delete(waiter);
          reject(error);
        }
      };
      this.waiters.add(waiter);
      waiter();
    });
    return within(found, () => `${what}; so far: ${this.describe()}`);
  }

  describe() {
    const state = this.error ?? (this.sawClose ? 'closed' : this.sawEnd ? 'ended' : 'open');
    return `${state}, ${this.length} bytes ${JSON.stringify(this.peek().subarray(0, 300).toString('latin1'))}`;
  }

  failIfOver(what) {
    if (this.isOver) throw new Error(`connection over before ${what}: ${this.describe()}`);
  }

  readExactly(length) {
    return this.when(() => {
      if (this.length >= length) return this.take(length);
      this.failIfOver(`${length} bytes`);
      return undefined;
    }, `${length} bytes`);
  }

  /** Everything up to and with the mark. */
  readUntil(mark) {
    let searched = 0;
    return this.when(() => {
      const at = this.peek().indexOf(mark, Math.max(0, searched - mark.length));
      if (at >= 0) return this.take(at + mark.length);
      searched = this.length;
      this.failIfOver(JSON.stringify(mark));
      return undefined;
    }, JSON.stringify(mark));
  }

  /** The rest, up to the other side's end. */
  async readToEnd() {
    await this.over();
    return this.take(this.length);
  }

  /** Waits for the other side's FIN, or for the connection's death. */
  over() {
    return this.when(() => this.isOver || undefined, 'the end of the connection');
  }

  closed() {
    return this.when(() => this.sawClose || undefined, 'the connection closed');
  }

  /** Waits until the kernel has taken it all; an error shows in what is read next. */
  send(data) {
    const taken = new Promise((resolve) => {
      this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data, resolve);
    });
    return within(taken, () => `${data.length} bytes sent; ${this.describe()}`);
  }

  /** Each byte in a write of its own; stops when the connection is over. */
  async sendByteByByte(data) {
    for (const byte of Buffer.from(data, 'latin1')) {
      if (this.isOver || this.socket.destroyed) return;
      await this.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  }

  /** FIN: nothing more comes from here. */
  end() {
    this.socket.end();
  }

  /** RST. */
  reset() {
    this.socket.resetAndDestroy();
  }

  destroy() {
    this.socket.destroy();
  }

  /** Stops reading, so that the kernel's buffers fill. */
  stall() {
    this.socket.pause();
  }

  goOn() {
    this.socket.resume();
  }
}

/** A client's connection; target is a port of the loopback, a path, or what net.connect takes. */
export async function connect(t, target, { stalled = false } = {}) {
  const settings = { number: { port: target, host: '127.0.0.1' }, string: { path: target } };
  const socket = net.connect({ allowHalfOpen: true, ...(settings[typeof target] ?? target) });
  cleanup(t, () => socket.destroy());
  if (stalled) socket.pause();
  await within(once(socket, 'connect'), 'a connection');
  return new Peer(socket);
}
