// SPDX-License-Identifier: MIT
// Several servers of one upstream share the work as configured, and a dead one is passed over.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';

function balanced(balance, servers, top = '') {
  return `
${top}
routes: [{ websocket: {}, to: app }]
upstreams:
  app:
    balance: ${balance}
    servers:
${servers.map(({ url, weight = 1 }) => `      - { url: "${url}", weight: ${weight} }`).join('\n')}
`;
}

async function askMany(t, wherry, count) {
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < count; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
  }
}

test('round_robin shares requests evenly', async (t) => {
  const servers = [await httpBackend(t), await httpBackend(t), await httpBackend(t)];
  const wherry = await startWherry(t, balanced('round_robin', servers));
  await askMany(t, wherry, 30);
  assert.deepEqual(servers.map((server) => server.requests.length), [10, 10, 10]);
});

test('round_robin follows weights', async (t) => {
  const servers = [await httpBackend(t), await httpBackend(t)];
  servers[0].weight = 3;
  const wherry = await startWherry(t, balanced('round_robin', servers));
  await askMany(t, wherry, 40);
  assert.deepEqual(servers.map((server) => server.requests.length), [30, 10]);
});

test('least_connections evens out open WebSockets', async (t) => {
  const accept = (peer) => acceptWebSocket(peer);
  const servers = [await scriptedBackend(t, accept), await scriptedBackend(t, accept), await scriptedBackend(t, accept)];
  const wherry = await startWherry(t, balanced('least_connections', servers, 'workers: 2'));
  const counts = () => servers.map(({ sockets }) => sockets.size);
  const clients = [];
  for (let i = 0; i < 30; i++) clients.push(await openWebSocket(t, wherry));
  assert.deepEqual(counts(), [10, 10, 10]);

  // Those of the first server leave; the next ones must go there.
  for (const peer of servers[0].peers) peer.destroy();
  await eventually(() => clients.filter((client) => client.length > 0).length === 10, 'their clients are told');
  for (const client of clients.filter(({ length }) => length > 0)) client.destroy();
  await eventually(async () => {
    const rows = [];
    await askControl(t, wherry, { verb: 'server_list' }, rows);
    return rows.find(({ server }) => server === servers[0].url).connections === 0;
  }, 'their places are free');
  for (let i = 0; i < 10; i++) await openWebSocket(t, wherry);
  assert.deepEqual(counts(), [10, 10, 10]);
});

test('least_connections follows weights', async (t) => {
  const accept = (peer) => acceptWebSocket(peer);
  const servers = [await scriptedBackend(t, accept), await scriptedBackend(t, accept)];
  servers[0].weight = 2;
  const wherry = await startWherry(t, balanced('least_connections', servers));
  for (let i = 0; i < 30; i++) await openWebSocket(t, wherry);
  assert.deepEqual(servers.map(({ sockets }) => sockets.size), [20, 10]);
});

for (const balance of ['round_robin', 'least_connections']) {
  test(`${balance} passes over a server that does not answer`, async (t) => {
    const [dead] = await freePorts(1);
    const good = await httpBackend(t);
    const wherry = await startWherry(t, balanced(balance, [{ url: `http://127.0.0.1:${dead}` }, good]));
    await askMany(t, wherry, 20);
    assert.equal(good.requests.length, 20);
    const sockets = await webSocketBackend(t);
    const other = await startWherry(t, balanced(balance, [{ url: `http://127.0.0.1:${dead}` }, sockets]));
    for (let i = 0; i < 6; i++) await openWebSocket(t, other);
    assert.equal(sockets.clients.size, 6);
  });
}

test('a server that comes back is used again', async (t) => {
  const [port] = await freePorts(1);
  const good = await httpBackend(t);
  const wherry = await startWherry(t, balanced('round_robin', [{ url: `http://127.0.0.1:${port}` }, good]));
  await askMany(t, wherry, 4);
  const revived = await httpBackend(t, undefined, { port });
  await eventually(async () => {
    await askMany(t, wherry, 2);
    return revived.requests.length > 0;
  }, 'the revived server is asked');
});
