// SPDX-License-Identifier: MIT
// A hundred HTTP peers that stop reading hold a bounded amount of memory each, and stop the
// sender instead of filling Wherry.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { flood, stalledGrowth } from './support/stall.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const READERS = 100;
const BODY = 1024 * 1024 * 1024;
const FAST_PART = 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const YAML = 'timeouts: { write_stall: 10m, idle: 10m, response: 10m }\nlimits: { body: 2GiB, min_rate: off, exempt: [127.0.0.0/8] }';

async function assertServesOthers(t, wherry) {
  const response = await exchange(await connect(t, wherry.port), requestText('GET', '/small'));
  assert.equal(response.body.toString(), 'small');
}

for (const fastPart of [0, FAST_PART]) {
  const when = fastPart === 0 ? 'from the start' : 'after a fast start';

  test(`clients that stop reading a download ${when}`, async (t) => {
    const senders = [];
    const backend = await scriptedBackend(t, async (peer) => {
      const request = await readRequest(peer);
      if (request.target === '/small') return void peer.send(responseText(200, {}, 'small'));
      await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY}\r\n\r\n`);
      senders.push(peer.socket);
      flood(peer.socket, BLOCK, BODY);
    });
    const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend)}`);
    const before = residentMemory(wherry.pid);
    const readers = [];
    for (let i = 0; i < READERS; i++) {
      const reader = await connect(t, wherry.port, { stalled: fastPart === 0 });
      readers.push(reader);
      await reader.send(requestText('GET', '/large'));
      if (fastPart === 0) continue;
      await reader.readExactly(fastPart);
      reader.stall();
    }
    await eventually(() => senders.length === READERS, 'all requests arrive');
    const { growth, bound } = await stalledGrowth(wherry, before, READERS, senders);
    t.diagnostic(`memory grew by ${growth} bytes, at most ${bound}`);
    assert.ok(growth <= bound, `memory grew by ${growth} bytes, at most ${bound}`);
    await assertServesOthers(t, wherry);
  });

  test(`backends that stop reading an upload ${when}`, async (t) => {
    let stalled = 0;
    const backend = await scriptedBackend(t, async (peer) => {
      const { target } = await readRequest(peer, { body: false });
      if (target === '/small') return void peer.send(responseText(200, {}, 'small'));
      if (fastPart > 0) await peer.readExactly(fastPart);
      stalled++;
      return peer.stall();
    });
    const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend)}`);
    const before = residentMemory(wherry.pid);
    const senders = [];
    for (let i = 0; i < READERS; i++) {
      const client = await connect(t, wherry.port);
      await client.send(requestText('POST', '/large', { 'Content-Length': BODY }));
      senders.push(client.socket);
      flood(client.socket, BLOCK, BODY);
      await eventually(() => stalled > i, `the backend of client ${i} has stopped`);
    }
    const { growth, bound } = await stalledGrowth(wherry, before, READERS, senders);
    t.diagnostic(`memory grew by ${growth} bytes, at most ${bound}`);
    assert.ok(growth <= bound, `memory grew by ${growth} bytes, at most ${bound}`);
    await assertServesOthers(t, wherry);
  });
}

test('a reader stalled for timeouts.write_stall is let go', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY}\r\n\r\n`);
    flood(peer.socket, BLOCK, BODY);
  });
  const wherry = await startWherry(t, `timeouts: { write_stall: 500ms }\n${forwardTo(backend)}`);
  const reader = await connect(t, wherry.port, { stalled: true });
  await reader.send(requestText('GET', '/'));
  assert.equal((await wherry.accessLine({ path: '/' })).reason, 'client_stall');
  await (await backend.peer()).over();
});
