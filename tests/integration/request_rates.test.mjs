// SPDX-License-Identifier: MIT
// Requests and handshakes come no faster, and no more at once, than limits allow: of a client,
// of a route and of all. Who is refused hears when to come again, and no backend hears of him.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** A client with this address of the loopback. */
const from = (t, wherry, localAddress) => connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });

async function assertRefused(peer, text, status) {
  const response = await exchange(peer, text);
  assert.equal(response.status, status);
  assert.match(response.headers.get('retry-after'), /^[1-9]\d*$/);
}

const ROWS = [
  // what, limits, more of the route, status of the fourth request, is the next client refused?
  ['limits.rates.requests', 'rates: { requests: 1/h burst 3 }', '', 503, true],
  ['limits.rates.requests_per_source', 'rates: { requests_per_source: 3/h }', '', 429, false],
  ['routes[].limits.requests', '', 'limits: { requests: 3/h }', 503, true],
  ['routes[].limits.requests_per_source', '', 'limits: { requests_per_source: 3/h }', 429, false],
];

for (const [name, limits, route, status, isForAll] of ROWS) {
  test(name, async (t) => {
    const backend = await httpBackend(t);
    const separator = limits ? ', ' : '';
    const wherry = await startWherry(t, `limits: { exempt: []${separator}${limits} }\n${forwardTo(backend, route)}`);
    const peer = await from(t, wherry, '127.0.0.2');
    for (let i = 0; i < 3; i++) assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
    await assertRefused(peer, requestText('GET', '/'), status);
    await assertRefused(peer, requestText('GET', '/'), status); // the connection lives on
    const line = await wherry.accessLine({ status });
    assert.equal(line.reason, status === 429 ? 'policy' : 'overload');
    assert.ok(line.detail.includes(name), line.detail);

    const other = await from(t, wherry, '127.0.0.3');
    if (isForAll) await assertRefused(other, requestText('GET', '/'), status);
    else assert.equal((await exchange(other, requestText('GET', '/'))).status, 200);
    assert.equal(backend.requests.length, isForAll ? 3 : 4);
  });
}

test('a client is whom a trusted proxy names', async (t) => {
  const backend = await httpBackend(t);
  const limits = 'limits: { exempt: [], rates: { requests_per_source: 2/h } }\ntrusted_proxies: [127.0.0.2]';
  const wherry = await startWherry(t, `${limits}\n${forwardTo(backend)}`);
  const proxy = await from(t, wherry, '127.0.0.2');
  const get = (client) => requestText('GET', '/', client ? { 'X-Forwarded-For': client } : {});
  for (let i = 0; i < 2; i++) assert.equal((await exchange(proxy, get('192.0.2.1'))).status, 200);
  await assertRefused(proxy, get('192.0.2.1'), 429);
  assert.equal((await exchange(proxy, get('192.0.2.2'))).status, 200);
  for (let i = 0; i < 4; i++) assert.equal((await exchange(proxy, get())).status, 200, 'the proxy itself is exempt');
  const liar = await from(t, wherry, '127.0.0.3');
  for (let i = 0; i < 2; i++) assert.equal((await exchange(liar, get(`192.0.2.${10 + i}`))).status, 200);
  await assertRefused(liar, get('192.0.2.13'), 429);
});

test('limits.rates.websockets_per_source refuses before the upgrade', async (t) => {
  const backend = await webSocketBackend(t);
  const rates = 'rates: { websockets_per_source: 2/h, websockets: 1/h burst 3 }';
  const wherry = await startWherry(t, `limits: { exempt: [], ${rates} }\n${forwardTo(backend)}`);
  for (let i = 0; i < 2; i++) await connectWebSocket(t, wherry.webSocketUrl, { localAddress: '127.0.0.2' });
  const refused = await from(t, wherry, '127.0.0.2');
  await assertRefused(refused, upgradeRequest('/'), 429);
  await refused.over();
  await connectWebSocket(t, wherry.webSocketUrl, { localAddress: '127.0.0.3' });
  await assertRefused(await from(t, wherry, '127.0.0.4'), upgradeRequest('/'), 503);
  assert.equal(backend.clients.size, 3);
  const plain = await from(t, wherry, '127.0.0.2');
  assert.equal((await exchange(plain, requestText('GET', '/'))).status, 404, 'the backend answers requests');
});

test('routes[].limits.concurrent', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'limits: { concurrent: 2 }'));
  const peers = [await from(t, wherry, '127.0.0.2'), await from(t, wherry, '127.0.0.3')];
  for (const peer of peers) await peer.send(requestText('GET', '/'));
  const servers = [await backend.peer(0), await backend.peer(1)];
  for (const server of servers) await readRequest(server);
  const late = await from(t, wherry, '127.0.0.4');
  await assertRefused(late, requestText('GET', '/'), 503);

  await servers[0].send(responseText(200, {}, 'done'));
  await Promise.any(peers.map((peer) => readResponse(peer)));
  await late.send(requestText('GET', '/'));
  await eventually(() => servers[0].length > 0 || backend.peers.length > 2, 'the next one may go');
});
