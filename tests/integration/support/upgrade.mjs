// SPDX-License-Identifier: MIT
// A Wherry whose place another one takes.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { httpBackend, webSocketBackend } from './backends.mjs';
import { connectLoad } from './connect_load.mjs';
import { askControl } from './control.mjs';
import { eventually } from './deadline.mjs';
import { startWherry, temporaryDirectory } from './wherry.mjs';

/**
 * Listens on a port and a UNIX socket, with a status address. lines: of the listeners, and
 * top: of the file. Gives wherry, and the places to connect to.
 */
export async function startToUpgrade(t, { lines = '', top = '', options = {} } = {}) {
  const path = join(temporaryDirectory(t), 'front.sock');
  const http = await httpBackend(t);
  const sockets = await webSocketBackend(t);
  const wherry = await startWherry(t, ({ ports }) => `
workers: 2
drain: { window: 200ms, timeout: 5s }
status: 127.0.0.1:${ports[1]}
${top}
listeners:
  - address: 127.0.0.1:${ports[0]}
  - address: "unix:${path}"
${lines}
routes:
  - { match: { path: /ws }, websocket: {}, to: sockets }
  - { to: http }
upstreams:
  http: { servers: [{ url: "${http.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`, { ports: 2, ...options });
  return { wherry, places: [wherry.port, path] };
}

/** The new process, once it serves, by the old one's file. */
export async function upgrade(t, old, options = {}) {
  const args = () => ['upgrade', '-c', old.configPath];
  const next = await startWherry(t, '', { args, probe: old.controlPath, ...options });
  await eventually(() => /is ready/.test(next.stderr), 'the new one is ready');
  Object.assign(next, { configPath: old.configPath, configText: old.configText, ports: old.ports, port: old.port });
  Object.defineProperty(next, 'controlPath', { value: old.controlPath });
  return next;
}

async function statusPid(port) {
  const response = await fetch(`http://127.0.0.1:${port}/status`, { headers: { Connection: 'close' } });
  return (await response.json()).pid;
}

/** Who connects is served, and it is this process that answers. */
export async function assertServes(t, wherry, places, pid = wherry.pid) {
  const load = connectLoad(t, places, { clients: 1 });
  await eventually(() => load.result.count > 10, 'connections are made');
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal((await askControl(t, wherry, { verb: 'status' })).pid, pid);
  assert.equal(await statusPid(wherry.ports[1]), pid);
}
