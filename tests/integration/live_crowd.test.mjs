// SPDX-License-Identifier: MIT
// A crowd that polls one live URL, each once a second, on connections that are kept: the
// backend is asked once in an interval, nobody gets an older body than before, and when
// nobody asks, the backend isn't asked either.
// WHERRY_POLLERS and WHERRY_SECONDS make it a larger and longer run.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { pause, settled, within } from './support/deadline.mjs';
import { startWherry } from './support/wherry.mjs';

const POLLERS = Number(process.env.WHERRY_POLLERS ?? 200);
const SECONDS = Number(process.env.WHERRY_SECONDS ?? 4);
const ALLOWED_PER_SECOND = 1.05;

const site = (backend) => `
workers: 2
routes:
  - match: { path: / }
    live: { interval: 1s }
    to: app
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`;

class Poller {
  constructor(t, url) {
    Object.assign(this, { url, last: -1, answers: 0, errors: [] });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    cleanup(t, () => this.agent.destroy());
  }

  poll() {
    return new Promise((resolve) => {
      const fail = (error) => resolve(this.errors.push(error.message));
      http.get(this.url, { agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => (text += piece)).on('error', fail);
        response.on('end', () => resolve(this.take(response.statusCode, text)));
      }).on('error', fail);
    });
  }

  take(status, text) {
    if (status !== 200) this.errors.push(`status ${status}`);
    const number = Number(text);
    if (!(number >= this.last)) this.errors.push(`${text} came after ${this.last}`);
    this.last = number;
    this.answers++;
  }

  /** Polls once a second, beginning at its own moment of it. */
  async run(seconds) {
    await pause(Math.random() * 1000);
    const begun = performance.now();
    for (let i = 1; i <= seconds; i++) {
      await this.poll();
      await pause(Math.max(0, begun + i * 1000 - performance.now()));
    }
  }
}

test('a crowd polls, and the backend is asked once a second', async (t) => {
  let number = 0;
  const backend = await httpBackend(t, (request, response) => response.end(String(number++)));
  const wherry = await startWherry(t, site(backend), { descriptors: 3 * POLLERS + 500 });
  const pollers = Array.from({ length: POLLERS }, () => new Poller(t, `${wherry.url}/scores`));
  const begun = performance.now();
  await within(Promise.all(pollers.map((poller) => poller.run(SECONDS))), 'all have polled', SECONDS * 10_000);
  const seconds = (performance.now() - begun) / 1000;
  const errors = pollers.flatMap((poller) => poller.errors);
  assert.deepEqual(errors.slice(0, 5), []);
  const answers = pollers.reduce((sum, poller) => sum + poller.answers, 0);
  assert.equal(answers, POLLERS * SECONDS);
  const perSecond = backend.requests.length / seconds;
  t.diagnostic(`${answers} polls, ${backend.requests.length} requests in ${seconds.toFixed(2)} s: ${perSecond.toFixed(3)} a second`);
  // One more, as the first moment counts, too.
  assert.ok(backend.requests.length <= Math.ceil(seconds * ALLOWED_PER_SECOND) + 1, `${backend.requests.length} requests in ${seconds} s`);
  await settled(() => backend.requests.length, 'nobody asks any more', { quiet: 2500 });
});
