// SPDX-License-Identifier: MIT
// What the process gives up when it starts, as the kernel tells it (SECURITY T60, T61). What
// the sandbox then refuses is tried by tests/unit/server/sandbox_probe.c.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { asNobody, BIND, isDumpable, isRoot, NOBODY, threads } from './support/hardening.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, freePorts, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const asRoot = { skip: isRoot ? false : 'only root can become somebody else' };

async function serves(t, wherry) {
  const peer = await connect(t, wherry.port);
  assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
}

async function start(t, text, options) {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, `${text}\n${forwardTo(backend)}`, options);
  await eventually(() => /is ready/.test(wherry.stderr), 'ready');
  return wherry;
}

const user = (name) => spawnSync('id', ['-u', name], { encoding: 'utf8' }).stdout.trim();
const defaultUser = user('wherry') === '' ? 'nobody' : 'wherry';

test('root becomes the user that is named', asRoot, async (t) => {
  const wherry = await start(t, 'user: nobody\nworkers: 2');
  for (const thread of threads(wherry.pid)) {
    assert.deepEqual(thread, {
      uids: [NOBODY], gids: [65534], groups: [65534],
      inheritable: 0, permitted: BIND, effective: BIND, noNewPrivs: 1, seccomp: 2,
    });
  }
  assert.equal(isDumpable(wherry.pid), false);
  assert.match(wherry.stderr, /hardening: user nobody, may bind low ports, no_new_privs, no core dumps, seccomp/);
  assert.doesNotMatch(wherry.stderr, /"warn"/);
  await serves(t, wherry);
});

test('without a name root becomes wherry, or nobody', asRoot, async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, '', {
    args: ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url],
  });
  await eventually(() => /is ready/.test(wherry.stderr), 'ready');
  assert.deepEqual(threads(wherry.pid)[0].uids, [Number(user(defaultUser))]);
  assert.match(wherry.stderr, new RegExp(`hardening: user ${defaultUser},`));
  if (defaultUser === 'nobody') assert.match(wherry.stderr, /there is no user wherry, so serving as nobody/);
  await serves(t, wherry);
});

test('root stays root only if told, with a warning', asRoot, async (t) => {
  const wherry = await start(t, 'user: root');
  const [thread] = threads(wherry.pid);
  assert.deepEqual(thread.uids, [0]);
  assert.equal(thread.effective, BIND | 0b1111, 'and only what opens files');
  assert.equal(thread.noNewPrivs, 1);
  assert.equal(thread.seccomp, 2);
  assert.match(wherry.stderr, /"warn","message":"user: serving as root, as the configuration says/);
  await serves(t, wherry);
});

test('a user that does not exist is exit code 3', async (t) => {
  const file = join(temporaryDirectory(t), 'wherry.yaml');
  writeFileSync(file, `user: no-such-user\n${forwardTo('http://127.0.0.1:9')}\nlisteners: [{ address: ":0" }]\n`);
  const { code, stderr } = await runToEnd(t, ['run', '-c', file]);
  assert.equal(code, 3);
  assert.match(stderr, /user: there is no user "no-such-user" \(expected one of this machine\)/);
});

test('a low port is bound after root is given up', asRoot, async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  let low; // another one at each attempt, should it be in use
  const wherry = await startWherry(t, ({ ports }) => `user: nobody
listeners: [{ address: "127.0.0.1:${ports[0]}" }, { address: "127.0.0.1:${low = 600 + Math.floor(Math.random() * 400)}" }]
${forwardTo(backend)}`);
  await eventually(() => /is ready/.test(wherry.stderr), 'ready');
  const peer = await connect(t, low);
  assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
  assert.deepEqual(threads(wherry.pid)[0].uids, [NOBODY]);
});

test('an ordinary user loses what it has not', asRoot, async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, `user: root\n${forwardTo(backend)}`, { command: asNobody(t) });
  await eventually(() => /is ready/.test(wherry.stderr), 'ready');
  for (const thread of threads(wherry.pid)) {
    assert.deepEqual(thread.uids, [NOBODY]);
    assert.deepEqual([thread.permitted, thread.noNewPrivs, thread.seccomp], [0, 1, 2]);
  }
  assert.match(wherry.stderr, /"warn","message":"user: not started by root, so staying nobody/);
  assert.match(wherry.stderr, /hardening: user nobody, no capabilities, no_new_privs/);
  await serves(t, wherry);
});

test('an ordinary user runs wherry proxy', asRoot, async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, '', {
    command: asNobody(t),
    args: ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url],
  });
  await eventually(() => /is ready/.test(wherry.stderr), 'ready');
  assert.doesNotMatch(wherry.stderr, /warn/);
  await serves(t, wherry);
});

test('each measure can be turned off, with a warning', async (t) => {
  const rows = [
    // sandbox, key warned of, what the kernel says then
    ['seccomp: false', 'seccomp', { seccomp: 0, noNewPrivs: 1, isDumpable: false }],
    ['landlock: false', 'landlock', { seccomp: 2, noNewPrivs: 1, isDumpable: false }],
    ['core_dumps: true', 'core_dumps', { seccomp: 2, noNewPrivs: 1, isDumpable: true }],
    ['no_new_privs: false, seccomp: false, landlock: false', 'no_new_privs',
      { seccomp: 0, noNewPrivs: 0, isDumpable: false }],
  ];
  for (const [sandbox, key, expected] of rows) {
    await t.test(sandbox, async (t2) => {
      const wherry = await start(t2, `user: nobody\nsandbox: { ${sandbox} }`);
      const [{ seccomp, noNewPrivs }] = threads(wherry.pid);
      assert.deepEqual({ seccomp, noNewPrivs, isDumpable: isDumpable(wherry.pid) }, expected);
      assert.match(wherry.stderr, new RegExp(`"warn","message":"sandbox\\.${key}: off in the configuration: `));
      await serves(t2, wherry);
    });
  }
});

test('the status address names what is active', async (t) => {
  const [port] = await freePorts(1);
  const wherry = await start(t, `status: 127.0.0.1:${port}\nsandbox: { seccomp: false }`);
  const { stdout } = await runToEnd(t, ['status', '--address', `127.0.0.1:${port}`, '--json']);
  const { hardening, pid } = JSON.parse(stdout);
  assert.equal(pid, wherry.pid);
  assert.equal(hardening.user, execFileSync('id', ['-un'], { encoding: 'utf8' }).trim());
  assert.deepEqual([hardening.seccomp, hardening.no_new_privs, hardening.no_core_dumps],
    ['off', 'active', 'active']);
});
