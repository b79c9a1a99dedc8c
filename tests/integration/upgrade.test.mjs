// SPDX-License-Identifier: MIT
// Binary upgrade: a new process takes the sockets of the one that serves, and nobody who
// connects notices; if it can't start, the old one goes on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { program } from './support/build.mjs';
import { connectLoad } from './support/connect_load.mjs';
import { askControl, connectControl } from './support/control.mjs';
import { eventually, within } from './support/deadline.mjs';
import { freePorts, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

function configuration({ ports, http, sockets, unixPath, more = '' }) {
  return `
workers: 2
drain: { window: 200ms, timeout: 5s }
status: 127.0.0.1:${ports[1]}
listeners:
  - address: 127.0.0.1:${ports[0]}
  - address: "unix:${unixPath}"
${more}
routes:
  - { match: { path: /ws }, websocket: {}, to: sockets }
  - { to: http }
upstreams:
  http: { servers: [{ url: "${http.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`;
}

async function start(t, more) {
  const unixPath = join(temporaryDirectory(t), 'front.sock');
  const http = await httpBackend(t);
  const sockets = await webSocketBackend(t);
  const text = (wherry) => configuration({ ports: wherry.ports, http, sockets, unixPath, more });
  const wherry = await startWherry(t, text, { ports: 2 });
  return { wherry, unixPath, places: [wherry.port, unixPath] };
}

/** The new process, once it serves. */
async function upgrade(t, old) {
  const options = { args: () => ['upgrade', '-c', old.configPath], probe: old.controlPath };
  const next = await startWherry(t, '', options);
  await eventually(() => /is ready/.test(next.stderr), 'the new one is ready');
  Object.assign(next, { configPath: old.configPath, ports: old.ports, port: old.port });
  Object.defineProperty(next, 'controlPath', { value: old.controlPath });
  return next;
}

async function readStatus(port) {
  const response = await fetch(`http://127.0.0.1:${port}/status`, { headers: { Connection: 'close' } });
  return response.json();
}

async function assertServes(t, wherry, places) {
  const load = connectLoad(t, places, { clients: 1 });
  await eventually(() => load.result.count > 10, 'connections are made');
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal((await askControl(t, wherry, { verb: 'status' })).pid, wherry.pid);
  assert.equal((await readStatus(wherry.ports[1])).pid, wherry.pid);
}

test('five upgrades, and nobody who connects notices', async (t) => {
  const { wherry: first, places } = await start(t);
  const load = connectLoad(t, places);
  let current = first;
  for (let i = 0; i < 5; i++) {
    const clients = await Promise.all(Array.from({ length: 10 }, () =>
      connectWebSocket(t, `${current.webSocketUrl}/ws`)));
    const next = await upgrade(t, current);
    for (const client of clients) assert.equal((await client.closed()).code, 1012);
    await current.ended();
    await assertServes(t, next, places);
    current = next;
  }
  const { count, failures } = await load.stop();
  assert.deepEqual(failures, [], `of ${count}`);
  t.diagnostic(`${count} connections`);
});
