// SPDX-License-Identifier: MIT
// A backend for live routes that counts what it is asked, and pollers that know nothing.

import http from 'node:http';

import { httpBackend } from './backends.mjs';
import { pause, within } from './deadline.mjs';

/** A route with `live`; more: further keys of that block. */
export function liveRoute(backend, more = '', rest = '') {
  return `
routes:
  - match: { path: / }
    live: { interval: 200ms${more && `, ${more}`} }
    to: app
${rest}upstreams:
  app: { servers: [{ url: "${backend.url ?? backend}" }] }
`;
}

/**
 * Answers with backend.body, which tests change, and backend.headers; a 304 to who has
 * backend.etag already. backend.answer(request, response): instead of that, if it says true.
 */
export async function liveBackend(t, where = {}) {
  const backend = await httpBackend(t, (request, response) => {
    request.at = performance.now();
    if (backend.answer?.(request, response)) return;
    const headers = { ...backend.headers };
    if (backend.etag) headers.ETag = backend.etag;
    if (backend.etag && request.headers['if-none-match'] === backend.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, headers).end(backend.body);
  }, where);
  backend.body = 'first';
  backend.headers = { 'Content-Type': 'text/plain' };
  return backend;
}

/** One GET on a connection of the agent's: { status, headers, body }. */
export function get(port, path, headers = {}, options = {}) {
  return within(new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, headers, ...options }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
      }));
    });
    request.on('error', reject);
    request.end();
  }), `an answer to ${path}`);
}

/** So many pollers, each asking every `every` milliseconds until stop(), which gives all answers. */
export function startPollers(port, path, count, every, headers = {}) {
  const answers = [];
  let isStopped = false;
  const poll = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await pause(Math.random() * every);
    while (!isStopped) {
      answers.push(await get(port, path, headers, { agent }));
      await pause(every);
    }
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: count }, poll));
  return {
    answers,
    async stop() {
      isStopped = true;
      await all;
      return answers;
    },
  };
}
