// SPDX-License-Identifier: MIT
// `wherry status` says how the running Wherry is, for people and for programs.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { leave, openPair } from './support/frames.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, freePorts, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

async function report(t, ...args) {
  const { code, stdout, stderr } = await runToEnd(t, ['status', ...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('a running Wherry', async (t) => {
  const backend = await scriptedBackend(t);
  const configuration = ({ ports }) => `status: 127.0.0.1:${ports[1]}\nworkers: 2\n${forwardTo(backend)}`;
  const wherry = await startWherry(t, configuration, { ports: 2 });
  const file = ['-c', wherry.configPath];

  await t.test('is reported as text', async (t2) => {
    const { code, stdout } = await runToEnd(t2, ['status', ...file]);
    assert.equal(code, 0);
    assert.match(stdout, /^version +\d+\.\d+\.\d+$/m);
    assert.match(stdout, new RegExp(`^pid +${wherry.pid}$`, 'm'));
    assert.match(stdout, /^state +ready$/m);
    assert.match(stdout, /^uptime seconds +\d+$/m);
    assert.match(stdout, /^workers +2$/m);
    assert.match(stdout, /^hardening\n {2}user +\w+$/m);
    assert.match(stdout, /^ {2}seccomp +(active|not offered)$/m);
  });

  const places = {
    'the control socket of the configuration': file,
    'a control socket': ['--control', wherry.controlPath],
    'a control socket as an address': ['--control', `unix:${wherry.controlPath}`],
    'the status address': ['--address', `127.0.0.1:${wherry.ports[1]}`],
  };
  for (const [name, args] of Object.entries(places)) {
    await t.test(`is reported as JSON at ${name}`, async (t2) => {
      const { pid, state, hardening } = await report(t2, ...args);
      assert.deepEqual({ pid, state }, { pid: wherry.pid, state: 'ready' });
      assert.equal(hardening.no_new_privs, 'active');
      assert.equal(hardening.no_core_dumps, 'active');
    });
  }

  await t.test('tells of its configuration, listeners and servers', async (t2) => {
    const all = await report(t2, ...file);
    assert.equal(all.configuration, wherry.configPath);
    assert.deepEqual(all.listeners, [{ address: `127.0.0.1:${wherry.port}`, tls: false }]);
    assert.deepEqual(all.drains, []);
    const { bytes_budget: budget, ...hub } = all.hub;
    assert.deepEqual(hub, { broker: 'local', state: 'ready', channels: 0, subscribers: 0, messages: 0, bytes: 0 });
    assert.equal(budget, 256 << 20);
    assert.ok(all.edition >= 1 && all.editions_in_use >= 1);
    assert.ok(all.memory_bytes > 1 << 20);
    assert.equal(all.servers.length, 1);
    const [server] = all.servers;
    assert.deepEqual(server,
      { upstream: 'app', server: backend.url, state: 'up', health: 'unknown', weight: 1, connections: 0 });
    const { stdout } = await runToEnd(t2, ['status', ...file]);
    assert.match(stdout, /^servers\n {2}upstream +server +state +health +weight +connections\n {2}app +http:\/\/127\.0\.0\.1:\d+ +up +unknown +1 +0$/m);
  });

  await t.test('tells how fast new ones come', async (t2) => {
    await eventually(async () => {
      for (let i = 0; i < 30; i++) (await connect(t2, wherry.port)).destroy();
      return (await report(t2, ...file)).new_each_second.connections > 1;
    }, 'a rate');
  });

  await t.test('counts connections and WebSockets', async (t2) => {
    await eventually(async () => (await report(t2, ...file)).connections === 0, 'none');
    const { client, server } = await openPair(t2, wherry, backend);
    await eventually(async () => {
      const open = await report(t2, ...file);
      return open.connections === 1 && open.websockets === 1 && open.servers[0].connections === 1;
    }, 'one of each');
    client.destroy();
    await leave(server, { mask: false });
    await eventually(async () => (await report(t2, ...file)).connections === 0, 'closed');
  });

  await t.test('is found through a file with mistakes elsewhere', async (t2) => {
    const path = join(temporaryDirectory(t2), 'wherry.yaml');
    writeFileSync(path, `${wherry.configText}\nwrokers: 4\n`);
    assert.equal((await report(t2, '-c', path)).pid, wherry.pid);
  });

  await t.test('is stopped', async (t2) => {
    const { code, stdout, stderr } = await runToEnd(t2, ['stop', ...file, '--wait']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^pid +${wherry.pid}$`, 'm'));
    const again = await runToEnd(t2, ['stop', ...file]);
    assert.equal(again.code, 3);
    assert.match(again.stderr, /wherry stop: unix:\/\S+\/control: No such file or directory \(expected a running Wherry\)/);
    await wherry.ended();
  });
});

test('draining shows', async (t) => {
  const backend = await scriptedBackend(t);
  const configuration = `drain: { window: 30s, timeout: 30s }\n${forwardTo(backend)}`;
  const wherry = await startWherry(t, configuration);
  const { client, server } = await openPair(t, wherry, backend);
  wherry.signal('SIGTERM');
  await eventually(async () => (await report(t, '-c', wherry.configPath)).state === 'draining', 'draining');
  client.destroy();
  await leave(server, { mask: false });
  await wherry.ended();
});

test('over a UNIX socket', async (t) => {
  const backend = await httpBackend(t);
  const path = join(temporaryDirectory(t), 'status');
  const wherry = await startWherry(t, `status: unix:${path}\n${forwardTo(backend)}`);
  assert.equal((await report(t, '--address', `unix:${path}`)).pid, wherry.pid);
});

test('what cannot be answered', async (t) => {
  const [port] = await freePorts(1);
  const silent = join(temporaryDirectory(t), 'wherry.yaml');
  const backend = await httpBackend(t, (_, response) => response.end('hello'));
  const socket = join(temporaryDirectory(t), 'control');
  const absent = `${silent}.absent`;
  writeFileSync(silent, 'control: off\n');
  writeFileSync(absent, `control: "unix:${socket}"\n`);
  const rows = [
    // arguments, exit code, standard error
    [['--address', `127.0.0.1:${port}`], 3, /Connection refused \(expected a running Wherry\)/],
    [['--address', backend.url.replace('http://', '')], 3, /the answer is no report/],
    [['-c', silent], 1, /turns the control socket off/],
    [['-c', absent], 3, /: No such file or directory \(expected a running Wherry\)/],
    [['--control', socket], 3, /: No such file or directory \(expected a running Wherry\)/],
    [['--control', 'control'], 1, /bad path \(expected \/path\)/],
    [['-c', `${silent}.missing`], 1, /can't be read/],
    [['--address', 'localhost'], 2, /bad address "localhost" \(expected IP:port or unix:\/path\)/],
    [['-c', silent, '--address', '127.0.0.1:1'], 2, /--address makes -c and --control of no use/],
    [['--listen', ':80'], 2, /--listen is no option/],
  ];
  for (const [args, expected, pattern] of rows) {
    const { code, stderr } = await runToEnd(t, ['status', ...args]);
    assert.equal(code, expected, `${args}: ${stderr}`);
    assert.match(stderr, pattern);
  }
});
