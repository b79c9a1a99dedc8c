// SPDX-License-Identifier: MIT
// systemd's side of things: what it is told (sd_notify), sockets that it passes (socket
// activation), and an upgrade by ExecReload. With stand-ins for it, which do the same.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { httpBackend } from './support/backends.mjs';
import { program } from './support/build.mjs';
import { startChild } from './support/child.mjs';
import { cleanup } from './support/cleanup.mjs';
import { connectLoad } from './support/connect_load.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { assertServes, startToUpgrade, upgrade } from './support/upgrade.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';

async function startManager(t) {
  const path = join(temporaryDirectory(t), 'notify');
  const child = startChild(t, 'notify_socket.pl', path);
  await child.says(/listening/);
  return { says: child.says, env: { NOTIFY_SOCKET: path } };
}

test('the manager is told of start, reload, upgrade and stop', async (t) => {
  const manager = await startManager(t);
  const { wherry, places } = await startToUpgrade(t, { options: { env: manager.env } });
  await manager.says(/^READY=1\|STATUS=wherry .*: 2 workers$/m);

  writeFileSync(wherry.configPath, wherry.configText.replace('workers: 2', 'workers: 3'));
  assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
  await manager.says(/^RELOADING=1\|MONOTONIC_USEC=\d+\|.*\nREADY=1\|STATUS=wherry .*: 3 workers$/m);

  const next = await upgrade(t, wherry, { env: manager.env });
  await wherry.ended();
  // Nothing of stopping: the service goes on.
  await manager.says(new RegExp(`3 workers\\nMAINPID=${next.pid}\\nREADY=1\\|STATUS=wherry .*$`, 'm'));
  await assertServes(t, next, places);

  next.signal('SIGTERM');
  await next.ended();
  await manager.says(/\nSTOPPING=1\|/);
});

const activation = (...places) =>
  ['perl', fileURLToPath(new URL('support/children/socket_activation.pl', import.meta.url)), ...places, '--', program];

test('sockets that the manager passes are used, and left to it', async (t) => {
  const path = join(temporaryDirectory(t), 'front.sock');
  const backend = await httpBackend(t);
  const command = [];
  const wherry = await startWherry(t, ({ ports }) => {
    command.splice(0, Infinity, ...activation(ports[0], path, ports[1]));
    return `
workers: 3
drain: { window: 200ms, timeout: 20s }
status: 127.0.0.1:${ports[1]}
listeners: [{ address: "127.0.0.1:${ports[0]}" }, { address: "unix:${path}" }, { address: "127.0.0.1:${ports[2]}" }]
${forwardTo(backend)}`;
  }, { ports: 3, command });
  await eventually(() => /is ready/.test(wherry.stderr), 'it serves');
  const places = [wherry.ports[0], path, wherry.ports[2]];
  await assertServes(t, wherry, places);
  assert.doesNotMatch(wherry.stderr, / WARN/i);

  // Both are handed on, and stay the manager's.
  const load = connectLoad(t, places, { clients: 2 });
  const next = await upgrade(t, wherry);
  await wherry.ended();
  assert.deepEqual((await load.stop()).failures, []);
  await assertServes(t, next, places);
  next.signal('SIGTERM');
  await next.ended();
  assert.equal(existsSync(path), true, 'the socket file is not for Wherry to remove');
});

test('an upgrade by a command that ends', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const load = connectLoad(t, places, { clients: 2 });
  const args = ['upgrade', '--detach', '-c', wherry.configPath];
  const code = await new Promise((resolve) => {
    spawn(program, args, { stdio: 'ignore' }).once('exit', resolve);
  });
  assert.equal(code, 0);
  await wherry.ended();
  const { pid } = await askControl(t, wherry, { verb: 'status' });
  cleanup(t, () => stopProcess(pid));
  assert.notEqual(pid, wherry.pid);
  await assertServes(t, wherry, places, pid);
  assert.deepEqual((await load.stop()).failures, []);

  writeFileSync(wherry.configPath, wherry.configText.replace('listeners:', 'listeners:\n  - address: 192.0.2.1:1'));
  const failed = await new Promise((resolve) => {
    execFile(program, args, {}, (error, stdout, stderr) => resolve({ code: error.code, stderr }));
  });
  assert.equal(failed.code, 3, failed.stderr);
  await assertServes(t, wherry, places, pid);
});

/** Of a process that is no child of the test. */
async function stopProcess(pid) {
  const isThere = () => existsSync(`/proc/${pid}/exe`) || existsSync(`/proc/${pid}/status`);
  if (!isThere()) return;
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isThere(), 'the detached one ends');
}
