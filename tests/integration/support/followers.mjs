// SPDX-License-Identifier: MIT
// Clients of a subscribe route that come back whenever their connection ends, by the id of
// the last message that they have, and check that numbered messages come once and in order.

import http from 'node:http';

import WebSocket from 'ws';

import { cleanup } from './cleanup.mjs';
import { pause, within } from './deadline.mjs';

export const TRANSPORTS = ['websocket', 'sse', 'long_poll'];

const AGAIN_MS = 50; // after a refusal

/** What a publisher sends as message number n. */
export function numbered(n, length = 0) {
  return JSON.stringify({ n, filling: 'x'.repeat(length) });
}

export class Follower {
  /** urls: http://... of the route, one or a list, of which it takes one after the other. */
  constructor(t, urls, transport) {
    Object.assign(this, {
      urls: [urls].flat(), transport, next: undefined, lastId: undefined, gaps: 0, received: 0, attempts: 0,
      errors: [], closes: [], isStopped: false, isAway: false,
      mayMiss: false, // what is not the newest
    });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    cleanup(t, () => this.stop());
    this.work = this.follow();
  }

  get url() {
    return this.urls[this.attempts % this.urls.length];
  }

  /** Its connection is cut, wherever it is in what it does. */
  kill() {
    this.cut?.();
  }

  /** Cut, and not there before comeBack. */
  goAway() {
    this.isAway = true;
    this.kill();
  }

  comeBack() {
    this.isAway = false;
  }

  async stop() {
    this.isStopped = true;
    this.kill();
    await this.work;
    this.agent.destroy();
  }

  async follow() {
    while (!this.isStopped) {
      if (this.isAway) {
        await pause(AGAIN_MS);
        continue;
      }
      this.attempts++;
      const isDone = await this[this.transport]().catch(() => false);
      this.cut = undefined;
      if (!isDone && !this.isStopped) await pause(AGAIN_MS * Math.random());
    }
  }

  take(id, event, data) {
    if (event === 'gap') {
      this.gaps++;
      this.next = undefined;
      this.lastId = id; // where it ends
    }
    if (event !== 'message') return;
    const { n } = JSON.parse(data);
    const isNext = this.mayMiss ? n >= this.next : n === this.next;
    if (this.next !== undefined && !isNext) this.errors.push(`${n} came in place of ${this.next}`);
    if (this.lastId !== undefined && BigInt(id) <= BigInt(this.lastId)) this.errors.push(`id ${id} came after ${this.lastId}`);
    this.next = n + 1;
    this.lastId = id;
    this.received++;
  }

  async websocket() {
    const query = this.lastId ? `?last_event_id=${this.lastId}` : '';
    const socket = new WebSocket(this.url.replace('http', 'ws') + query, 'wherry.v1', { perMessageDeflate: false });
    this.cut = () => socket.terminate();
    socket.on('error', () => {});
    socket.on('message', (bytes) => {
      const { id, event, data } = JSON.parse(bytes);
      this.take(id, event, JSON.stringify(data));
    });
    const [code] = await new Promise((resolve) => socket.on('close', (...how) => resolve(how)));
    this.closes.push(code);
    return false;
  }

  /** The response to a GET, or an error. */
  ask(headers, agent) {
    return new Promise((resolve, reject) => {
      const request = http.get(this.url, { headers, agent }, (response) => {
        response.on('error', () => {}); // its end is awaited by who reads it
        resolve(response);
      });
      this.cut = () => request.destroy();
      request.on('error', reject);
    });
  }

  async sse() {
    const response = await this.ask({
      Accept: 'text/event-stream', ...(this.lastId && { 'Last-Event-ID': this.lastId }) }, false);
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => {
      const events = (text + piece).split('\n\n');
      text = events.pop();
      events.forEach((event) => this.takeEvent(event));
    });
    await new Promise((resolve) => response.on('close', resolve));
    return false;
  }

  takeEvent(text) {
    const fields = { event: 'message', data: [] };
    for (const line of text.split('\n')) {
      const [, name, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      if (name === 'data') fields.data.push(value);
      else if (name) fields[name] = value;
    }
    if (fields.data.length > 0 || fields.event !== 'message') this.take(fields.id, fields.event, fields.data.join('\n'));
  }

  async long_poll() {
    const response = await this.ask({
      Accept: 'application/json', Prefer: 'wait=10',
      ...(this.lastId && { 'If-None-Match': `"${this.lastId}"` }) }, this.agent);
    const body = await new Promise((resolve) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve(Buffer.concat(pieces)));
      response.on('close', () => resolve(null));
    });
    if (body === null) return false;
    if (response.statusCode === 304) return true;
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    for (const { id, event, data } of JSON.parse(body)) this.take(id, event, JSON.stringify(data));
    return true;
  }
}

/** Posts numbered messages, one after the other; length: of their filling. */
export class Publisher {
  constructor(t, url) {
    Object.assign(this, { url, next: 0, refused: 0 });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    cleanup(t, () => this.agent.destroy());
  }

  /** Gives the answer: { status, body }. */
  async post(text, headers = {}) {
    return within(new Promise((resolve, reject) => {
      const request = http.request(this.url, {
        method: 'POST', agent: this.agent,
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers },
      }, async (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (piece) => (body += piece));
        response.on('end', () => resolve({ status: response.statusCode, body })).on('error', reject);
      });
      request.on('error', reject);
      request.end(text);
    }), 'a message is published');
  }

  /** The next number; it counts once it is answered by 200. */
  async publish(length = 0) {
    const { status, body } = await this.post(numbered(this.next, length));
    if (status !== 200) throw new Error(`published: ${status} ${body}`);
    this.next++;
    return JSON.parse(body);
  }
}
