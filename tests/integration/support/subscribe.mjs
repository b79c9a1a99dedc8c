// SPDX-License-Identifier: MIT
// Subscribers of every transport: what comes over each can be waited for.

import http from 'node:http';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';

/** A route /feed/NAME whose clients may publish over WebSockets. more: further keys. */
export function feedRoute(more = '', outer = '') {
  const lines = more.split('\n').map((line) => `      ${line}`).join('\n');
  return `
routes:
  - match: { path: /feed/ }
    name: feed
${outer}
    subscribe:
      channel: "feed:{path.1}"
      publish: true
${lines}
`;
}

/** Splits a stream as WHATWG HTML section 9.2.6 says: { id, event, data, retry, comment }. */
class Reader {
  constructor(onItem) {
    this.onItem = onItem;
    this.rest = '';
  }

  take(text) {
    this.rest += text;
    for (;;) {
      const end = this.rest.indexOf('\n\n');
      if (end < 0) return;
      this.onItem(this.parse(this.rest.slice(0, end)));
      this.rest = this.rest.slice(end + 2);
    }
  }

  parse(text) {
    const item = {};
    const data = [];
    for (const line of text.split('\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (name === '') item.comment = value;
      else if (name === 'data') data.push(value);
      else item[name] = value;
    }
    if (data.length > 0) item.data = data.join('\n');
    return item;
  }
}

class EventStream {
  constructor(t, url, headers) {
    this.items = [];
    this.takers = [];
    this.request = http.get(url, { headers: { Accept: 'text/event-stream', ...headers }, agent: false });
    cleanup(t, () => this.request.destroy());
    this.request.on('error', () => {});
    const reader = new Reader((item) => this.keep(item));
    this.ending = new Promise((end) => {
      this.opening = new Promise((resolve, reject) => {
        this.request.once('response', (response) => {
          this.response = response;
          response.setEncoding('utf8').on('data', (text) => reader.take(text));
          response.once('end', () => end('end')).once('error', () => end('error'));
          resolve(response);
        }).once('error', reject);
      });
    });
  }

  keep(item) {
    const taker = this.takers.shift();
    if (taker) taker(item);
    else this.items.push(item);
  }

  item() {
    if (this.items.length > 0) return Promise.resolve(this.items.shift());
    return within(new Promise((resolve) => this.takers.push(resolve)), 'something in an event stream');
  }

  /** The next event; comments and retry are passed over. */
  async event() {
    for (;;) {
      const item = await this.item();
      if (item.data !== undefined) return item;
    }
  }

  /** "end" if the answer came to its end, "error" if it was cut. */
  ended() {
    return within(this.ending, 'an event stream ends');
  }
}

export async function openEventStream(t, url, headers = {}) {
  const stream = new EventStream(t, url, headers);
  await within(stream.opening, 'an event stream opens');
  return stream;
}

/** One long-poll: { status, headers, body }. */
export function poll(url, headers = {}, options = {}) {
  return within(new Promise((resolve, reject) => {
    http.request(url, { headers, agent: false, ...options }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece)).on('end', () => resolve({
        status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces).toString(),
      })).on('error', reject);
    }).on('error', reject).end();
  }), 'a long-poll is answered');
}
