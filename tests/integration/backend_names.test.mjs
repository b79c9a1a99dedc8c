// SPDX-License-Identifier: MIT
// The name of a backend is followed when its address changes, and its last good address is
// kept while no name server answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { dnsServer } from './support/dns_server.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const closing = (text) => async (peer) => {
  await readRequest(peer);
  await peer.send(responseText(200, { Connection: 'close' }, text));
};

function byName(dns, port) {
  return `
resolver: { servers: ["127.0.0.1:${dns.port}"], timeout: 1s }
routes: [{ to: app }]
upstreams:
  app: { servers: [{ url: "http://backend.test:${port}" }] }
`;
}

/** Two servers on the same port of two loopback addresses. */
async function twoHomes(t) {
  for (;;) {
    const first = await scriptedBackend(t, closing('first'));
    try {
      const second = await scriptedBackend(t, closing('second'), { host: '127.0.0.2', port: first.port });
      return { first, second };
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
}

async function answer(t, wherry) {
  const response = await exchange(await connect(t, wherry.port), requestText('GET', '/'));
  return response.status === 200 ? response.body.toString() : response.status;
}

test('a name that changes its address', async (t) => {
  const dns = await dnsServer(t, '127.0.0.1');
  const { first } = await twoHomes(t);
  const wherry = await startWherry(t, byName(dns, first.port));
  await eventually(async () => (await answer(t, wherry)) === 'first', 'the first address is used');

  dns.address = '127.0.0.2';
  await eventually(async () => (await answer(t, wherry)) === 'second', 'the second address is used');
  for (let i = 0; i < 10; i++) assert.equal(await answer(t, wherry), 'second');

  await t.test('keeps its last address while the name server is silent', async () => {
    dns.isSilent = true;
    const until = Date.now() + 3000; // beyond the TTL
    while (Date.now() < until) {
      assert.equal(await answer(t, wherry), 'second');
      await pause(100);
    }
    dns.isSilent = false;
  });

  await t.test('is not asked about for each request', async () => {
    const before = dns.questions;
    for (let i = 0; i < 200; i++) await answer(t, wherry);
    assert.ok(dns.questions - before < 100, `${dns.questions - before} questions`);
  });
});

test('a name that has no address is a 502 or 503, until it has one', async (t) => {
  const dns = await dnsServer(t, null);
  const { first } = await twoHomes(t);
  const wherry = await startWherry(t, byName(dns, first.port));
  assert.ok([502, 503].includes(await answer(t, wherry)));
  dns.address = '127.0.0.1';
  await eventually(async () => (await answer(t, wherry)) === 'first', 'the address is found');
});
