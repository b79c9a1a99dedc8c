// SPDX-License-Identifier: MIT
// Uploads and downloads of any size pass unchanged, in constant memory.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { residentBound } from './support/build.mjs';
import { within } from './support/deadline.mjs';
import { peakMemory, residentMemory } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const TOTAL = 100 * 1024 * 1024;
const BLOCK = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const HELD = 2 * 1024 * 1024;

function* blocks() {
  for (let left = TOTAL; left > 0; left -= BLOCK.length) yield BLOCK;
}

function digestOfAll() {
  const hash = createHash('sha256');
  for (const block of blocks()) hash.update(block);
  return hash.digest('hex');
}

async function digestOf(stream) {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

test('100 MiB each way', async (t) => {
  const expected = digestOfAll();
  const backend = await httpBackend(t, async (request, response) => {
    if (request.method === 'POST') {
      response.end(await digestOf(request));
      return;
    }
    if (request.url === '/length') response.setHeader('Content-Length', TOTAL);
    if (request.url === '/close') response.useChunkedEncodingByDefault = false;
    await pipeline(Readable.from(blocks()), response);
  });
  const wherry = await startWherry(t, forwardTo(backend, 'body: 1GiB'));
  const before = residentMemory(wherry.pid);

  function ask(options) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${wherry.url}${options.path}`, { agent: false, ...options });
      request.on('response', resolve).on('error', reject);
      if (options.method === 'POST') pipeline(Readable.from(blocks()), request).catch(reject);
      else request.end();
    });
  }

  for (const path of ['/length', '/chunked', '/close']) {
    await t.test(`download ${path}`, async () => {
      const response = await within(ask({ method: 'GET', path }), 'a response');
      assert.equal(await within(digestOf(response), 'the body', 180_000), expected);
    });
  }

  for (const [path, headers] of [['/length', { 'Content-Length': TOTAL }], ['/chunked', {}]]) {
    await t.test(`upload ${path}`, async () => {
      const response = await within(ask({ method: 'POST', path, headers }), 'a response', 180_000);
      assert.equal((await response.toArray()).join(''), expected);
    });
  }

  const growth = peakMemory(wherry.pid) - before;
  assert.ok(growth < residentBound(HELD), `memory grew by ${growth} bytes`);
});
