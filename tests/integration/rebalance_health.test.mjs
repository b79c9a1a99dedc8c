// SPDX-License-Identifier: MIT
// A server that was down and is back gets its share of the WebSockets that went elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { webSocketBackend } from './support/backends.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const CLIENTS = 40;

test('a server that is back', async (t) => {
  const [port] = await freePorts(1);
  const first = await webSocketBackend(t);
  const wherry = await startWherry(t, `
workers: 2
drain: { window: 0s, timeout: 300ms, server: { timeout: 60s } }
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app:
    balance: least_connections
    health_check: { type: tcp, interval: 3s, timeout: 3s, fall: 1, rise: 1 }
    rebalance: { after: join, settle: 500ms, tolerance: 0, rate: 100 }
    servers: ["${first.url}", "http://127.0.0.1:${port}"]
`);
  await eventually(() => /http:\/\/127\.0\.0\.1:\d+ is down/.test(wherry.stderr), 'one is down');
  let closes = 0;
  const connect = async () => {
    const { socket } = await connectWebSocket(t, wherry.webSocketUrl);
    socket.once('close', (code, reason) => {
      if (`${code} ${reason}` !== '1012 rebalanced') return;
      closes++;
      connect().catch(() => {});
    });
  };
  for (let i = 0; i < CLIENTS; i++) await connect();
  assert.equal(first.clients.size, CLIENTS);
  await pause(2500); // it has looked at the servers once

  const second = await webSocketBackend(t, undefined, {}, { port });
  await eventually(() => second.clients.size === CLIENTS / 2 && first.clients.size === CLIENTS / 2, 'half of them move');
  assert.equal(closes, CLIENTS / 2);
});
