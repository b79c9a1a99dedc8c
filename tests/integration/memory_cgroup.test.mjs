// SPDX-License-Identifier: MIT
// A control group of 96 MiB and 20 000 connection attempts (scorecard S15): Wherry refuses
// and gives up, but the OOM killer never has a reason, and afterwards all is well.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { plainProgram } from './support/build.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const LIMIT = 96 * 1024 * 1024;
const ATTEMPTS = 20_000;
const AT_ONCE = 200;
const NAME = `wherry-test-${process.pid}`;
const VERSIONS = [
  { folder: `/sys/fs/cgroup/${NAME}`, limit: 'memory.max', peak: 'memory.peak', events: 'memory.events' },
  { folder: `/sys/fs/cgroup/memory/${NAME}`, limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes', events: 'memory.oom_control' },
];

/** A group of its own, or null where none can be made. */
function makeGroup() {
  for (const version of VERSIONS) {
    try {
      mkdirSync(version.folder);
    } catch {
      continue; // not this version, or not allowed
    }
    if (existsSync(`${version.folder}/${version.limit}`)) {
      writeFileSync(`${version.folder}/${version.limit}`, String(LIMIT));
      return version;
    }
    rmdirSync(version.folder);
  }
  return null;
}

const group = plainProgram ? makeGroup() : null;
if (group) process.on('exit', () => { try { rmdirSync(group.folder); } catch { /* still in use */ } });

/** A client that begins a long head and leaves it at that; resolves when it is connected or refused. */
function attempt(t, port, index, crowd) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + index % 200}` });
    crowd.add(socket);
    socket.on('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'x'.repeat(7000)}`, resolve));
    socket.on('error', resolve);
    socket.on('close', () => {
      crowd.delete(socket);
      resolve();
    });
    socket.resume();
  });
}

const skip = !plainProgram ? 'a sanitizer does not fit in' : !group && 'no control group can be made here';

test('20 000 connection attempts in 96 MiB', { skip }, async (t) => {
  const backend = await httpBackend(t);
  const limits = 'limits: { connections: 30000, per_source: 30000, header_timeout: 5m, exempt: [] }';
  const wherry = await startWherry(t, `workers: 2\n${limits}\n${forwardTo(backend)}`, {
    descriptors: 60_000,
    command: [plainProgram],
    before: `echo $$ >${group.folder}/cgroup.procs`,
  });
  const crowd = new Set();
  cleanup(t, () => { for (const socket of crowd) socket.destroy(); });
  for (let i = 0; i < ATTEMPTS; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, j) => attempt(t, wherry.port, i + j, crowd)));
  }
  assert.ok(!wherry.hasEnded(), 'it lives');
  assert.match(readFileSync(`${group.folder}/${group.events}`, 'utf8'), /oom_kill 0/);
  if (existsSync(`${group.folder}/${group.peak}`)) {
    const peak = Number(readFileSync(`${group.folder}/${group.peak}`, 'utf8'));
    t.diagnostic(`at most ${(peak / 1024 / 1024).toFixed(1)} of 96 MiB, ${crowd.size} connections left`);
  }
  await eventually(() => /memory: .*new connections are refused/.test(wherry.stderr), 'the log says so');

  for (const socket of crowd) socket.destroy();
  await eventually(async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/')).catch(() => null);
    peer.destroy();
    return response?.status === 200;
  }, 'others come in again');
});
