// SPDX-License-Identifier: MIT
// The control socket: who may ask, what becomes of garbage, and where the socket is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { askControl, connectControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { leave, openPair } from './support/frames.mjs';
import { forwardTo, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const asRoot = { skip: process.getuid() !== 0 && 'only root can be others' };

test('requests', async (t) => {
  const wherry = await startWherry(t, forwardTo(await httpBackend(t)));
  const status = { ok: true, pid: wherry.pid };

  const assertServes = async (t2) => {
    const { ok, pid } = await askControl(t2, wherry, { verb: 'status' });
    assert.deepEqual({ ok, pid }, status);
  };

  await t.test('are answered, one after the other', async (t2) => {
    const peer = await connectControl(t2, wherry);
    for (let i = 0; i < 3; i++) assert.equal((await peer.ask({ verb: 'status' })).pid, wherry.pid);
  });

  await t.test('may be pipelined', async (t2) => {
    const peer = await connectControl(t2, wherry);
    peer.write('{"verb":"status"}\n{"verb":"sail"}\n\n{"verb":"status"}\n');
    const answers = [await peer.next(), await peer.next(), await peer.next()];
    assert.deepEqual(answers.map(({ ok }) => ok), [true, false, true]);
    assert.match(answers[1].error, /no verb "sail"/);
  });

  await t.test('may come byte by byte', async (t2) => {
    const peer = await connectControl(t2, wherry);
    peer.socket.setNoDelay(true);
    for (const byte of '{"verb":"status"}\n') {
      peer.write(byte);
      await new Promise(setImmediate);
    }
    assert.equal((await peer.next()).pid, wherry.pid);
  });

  await t.test('may be the last of a peer that closes its side', async (t2) => {
    const peer = await connectControl(t2, wherry, { allowHalfOpen: true });
    peer.socket.end('{"verb":"status"}\n');
    assert.equal((await peer.next()).pid, wherry.pid);
    assert.equal(await peer.next(), undefined);
  });

  await t.test('with members that their verb does not have are refused', async (t2) => {
    const answer = await askControl(t2, wherry, { verb: 'status', colour: 'red' });
    assert.equal(answer.ok, false);
    assert.match(answer.error, /colour/);
  });

  for (const [name, text, error] of [
    ['garbage', 'GET / HTTP/1.1\r\n', /no JSON object/],
    ['no verb', '{"verbs":1}\n', /no "verb"/],
    ['a line without an end', 'x'.repeat(1 << 16), /too long/],
  ]) {
    await t.test(`${name} costs its own connection`, async (t2) => {
      const other = await connectControl(t2, wherry);
      const peer = await connectControl(t2, wherry);
      peer.write(`${text}{"verb":"status"}\n`);
      const answer = await peer.next();
      assert.equal(answer.ok, false);
      assert.match(answer.error, error);
      assert.equal(await peer.next(), undefined);
      assert.equal((await other.ask({ verb: 'status' })).pid, wherry.pid);
    });
  }

  await t.test('of too many peers are refused, and none of those before', async (t2) => {
    const peers = [];
    for (let i = 0; i < 32; i++) peers.push(await connectControl(t2, wherry));
    assert.equal((await peers[31].ask({ verb: 'status' })).ok, true);
    const late = await connectControl(t2, wherry);
    assert.match((await late.next()).error, /too many/);
    assert.equal((await peers[0].ask({ verb: 'status' })).ok, true);
    for (const peer of peers) peer.socket.destroy();
    await eventually(async () => (await askControl(t2, wherry, { verb: 'status' }))?.ok, 'a free place');
  });

  await t.test('of peers that vanish do no harm', async (t2) => {
    for (let i = 0; i < 50; i++) {
      const peer = await connectControl(t2, wherry);
      peer.write('{"verb":"status"}\n'.repeat(1 + i % 5));
      peer.socket.destroy();
    }
    await eventually(async () => (await askControl(t2, wherry, { verb: 'status' }))?.ok, 'a free place');
    await assertServes(t2);
  });
});

test('the socket', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('is for its user alone', () => {
    assert.equal(statSync(wherry.controlPath).mode & 0o777, 0o600);
  });

  await t.test('refuses another user, whatever the mode of its file', asRoot, async () => {
    chmodSync(wherry.controlPath, 0o666);
    const script = `const s = require('net').connect(${JSON.stringify(wherry.controlPath)});
      s.on('error', (e) => console.log(e.code));
      s.pipe(process.stdout); s.write('{"verb":"stop"}\\n')`;
    const child = execFile(process.execPath, ['-e', script], { uid: 65534, gid: 65534 });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    await once(child, 'close');
    assert.match(output, /^\{"ok":false,"error":"this user may not ask"\}|EPIPE|ECONNRESET/);
    await eventually(() => /control: user 65534 was refused/.test(wherry.stderr), 'the log says so');
  });

  await t.test('is not taken from who serves it', async (t2) => {
    const second = await runToEnd(t2, ['run', '-c', wherry.configPath]);
    assert.equal(second.code, 3); // its address is taken as well, so another one:
    const other = startWherry(t2, () => `control: "unix:${wherry.controlPath}"\n${forwardTo(backend)}`);
    await assert.rejects(other, new RegExp(`control on unix:${wherry.controlPath}: another Wherry serves it`));
    assert.equal((await askControl(t2, wherry, { verb: 'status' })).pid, wherry.pid);
  });

  await t.test('is gone when its Wherry has ended', async () => {
    wherry.signal('SIGTERM');
    await wherry.ended();
    assert.equal(existsSync(wherry.controlPath), false);
  });
});

test('a socket that a killed Wherry left behind is replaced', async (t) => {
  const backend = await httpBackend(t);
  const path = join(temporaryDirectory(t), 'control');
  const configuration = `control: "unix:${path}"\n${forwardTo(backend)}`;
  const first = await startWherry(t, configuration, { expectedSignal: 'SIGKILL' });
  first.signal('SIGKILL');
  await first.ended();
  assert.equal(existsSync(path), true);
  const second = await startWherry(t, configuration);
  assert.equal((await askControl(t, { controlPath: path }, { verb: 'status' })).pid, second.pid);
});

test('a file that is no socket is not replaced', async (t) => {
  const backend = await httpBackend(t);
  const path = join(temporaryDirectory(t), 'control');
  mkdirSync(path);
  const start = startWherry(t, `control: "unix:${path}"\n${forwardTo(backend)}`);
  await assert.rejects(start, new RegExp(`control on unix:${path}: `));
});

test('without a place of its own', async (t) => {
  const backend = await httpBackend(t);
  const hasSystemFolder = existsSync('/run/wherry'); // where another one may serve

  await t.test('it is below the runtime folder of the user', { skip: hasSystemFolder }, async (t2) => {
    const folder = temporaryDirectory(t2);
    const wherry = await startWherry(t2, `control: auto\n${forwardTo(backend)}`, { env: { XDG_RUNTIME_DIR: folder } });
    const controlPath = join(folder, 'wherry/control.sock');
    assert.equal((await askControl(t2, { controlPath }, { verb: 'status' })).pid, wherry.pid);
    const found = await runToEnd(t2, ['status'], { env: { ...process.env, XDG_RUNTIME_DIR: folder } });
    assert.deepEqual([found.code, found.stderr], [0, '']);
    wherry.signal('SIGTERM');
    await wherry.ended();
    assert.equal(existsSync(controlPath), false);
  });

  await t.test('or missing, and Wherry serves all the same', { skip: hasSystemFolder }, async (t2) => {
    const wherry = await startWherry(t2, `control: auto\n${forwardTo(backend)}`, { env: { XDG_RUNTIME_DIR: '' } });
    await eventually(() => /warn control: there is no socket|"warn","message":"control: there is no/.test(wherry.stderr), 'a warning');
  });

  await t.test('or off', async (t2) => {
    const wherry = await startWherry(t2, `control: off\n${forwardTo(backend)}`);
    assert.equal(existsSync(wherry.controlPath), false);
    assert.doesNotMatch(wherry.stderr, /control/);
  });
});

test('stop', async (t) => {
  const backend = await scriptedBackend(t);

  await t.test('ends the process, and who waits sees it', async (t2) => {
    const wherry = await startWherry(t2, forwardTo(backend));
    const peer = await connectControl(t2, wherry);
    assert.deepEqual(await peer.ask({ verb: 'stop', wait: true }), { ok: true, pid: wherry.pid });
    assert.equal(await peer.next(), undefined);
    await wherry.ended();
    assert.match(wherry.stderr, /control: stop, by user \d+, process \d+/);
  });

  await t.test('drains', async (t2) => {
    const wherry = await startWherry(t2, `drain: { window: 30s, timeout: 30s }\n${forwardTo(backend)}`);
    const { client, server } = await openPair(t2, wherry, backend);
    for (let i = 0; i < 2; i++) assert.equal((await askControl(t2, wherry, { verb: 'stop' })).ok, true);
    assert.equal((await askControl(t2, wherry, { verb: 'status' })).state, 'draining');
    client.destroy();
    await leave(server, { mask: false });
    await wherry.ended();
  });

  await t.test('now does not', async (t2) => {
    const wherry = await startWherry(t2, `drain: { window: 30s, timeout: 30s }\n${forwardTo(backend)}`);
    await openPair(t2, wherry, backend);
    assert.equal((await askControl(t2, wherry, { verb: 'stop', now: true })).ok, true);
    await wherry.ended();
  });
});
