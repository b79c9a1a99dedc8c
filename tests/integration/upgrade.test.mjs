// SPDX-License-Identifier: MIT
// Binary upgrade: a new process takes the sockets of the one that serves, and nobody who
// connects notices; if it can't start, the old one goes on.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { connectLoad } from './support/connect_load.mjs';
import { askControl } from './support/control.mjs';
import { eventually, within } from './support/deadline.mjs';
import { assertServes, startToUpgrade, upgrade } from './support/upgrade.mjs';
import { forwardTo, freePorts, runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const asRoot = { skip: process.getuid() !== 0 && 'only root can be others' };

const connectMany = (t, wherry, count) => Promise.all(
  Array.from({ length: count }, () => connectWebSocket(t, `${wherry.webSocketUrl}/ws`)));

async function echo(client, text) {
  await client.send(text);
  assert.equal(await client.text(), text);
}

test('five upgrades, and nobody who connects notices', async (t) => {
  const { wherry: first, places } = await startToUpgrade(t);
  const load = connectLoad(t, places);
  let current = first;
  for (let i = 0; i < 5; i++) {
    const clients = await connectMany(t, current, 10);
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

test('the new one may listen elsewhere, with other workers', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const [added] = await freePorts(1);
  const load = connectLoad(t, [places[0]]);
  const changed = wherry.configText
    .replace(/  - address: "unix:.*/, `  - address: 127.0.0.1:${added}`)
    .replace('workers: 2', 'workers: 3');
  writeFileSync(wherry.configPath, changed);
  const next = await upgrade(t, wherry);
  await wherry.ended();
  await assertServes(t, next, [places[0], added]);
  assert.deepEqual((await load.stop()).failures, []);
  await assert.rejects(within(once(net.connect(places[1]), 'connect'), 'refused'), /ENOENT/);
  assert.equal((await askControl(t, next, { verb: 'status' })).workers, 3);
});

test('a new one that can not start changes nothing', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const [client] = await connectMany(t, wherry, 1);
  const load = connectLoad(t, places, { clients: 2 });
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  cleanup(t, () => other.close());
  const write = (from, to) => writeFileSync(wherry.configPath, wherry.configText.replace(from, to));
  const fails = async (code, pattern) => {
    const end = await runToEnd(t, ['upgrade', '-c', wherry.configPath]);
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, pattern);
    await assertServes(t, wherry, places);
  };

  await t.test('with a mistake in its file', async () => {
    write('workers: 2', 'workers: many');
    await fails(1, /wherry\.yaml:\d+:\d+: /);
  });

  await t.test('with an address that it can not have', async () => {
    write('listeners:', `listeners:\n  - address: 127.0.0.1:${other.address().port}`);
    await fails(3, /listen on .*Address already in use/);
    await eventually(() => /upgrade: process \d+ has ended: this one goes on/.test(wherry.stderr), 'the old one says so');
  });

  await t.test('with the control socket of nobody', async () => {
    write(/^control:.*/m, 'control: unix:/nonexistent/control');
    await fails(3, /No such file .*expected a running Wherry/);
  });

  assert.deepEqual((await load.stop()).failures, []);
  await echo(client, 'still there');
});

/** A file with which a new one waits for a name that no server tells it; resolves when it does. */
async function writeHanging(t, old, timeout) {
  const server = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => server.close());
  const resolver = `resolver: { servers: ["127.0.0.1:${server.address().port}"], timeout: ${timeout} }`;
  writeFileSync(old.configPath, `${old.configText.replace(/http: \{ servers: .*/,
    'http: { servers: [{ url: "http://backend.test" }] }')}\n${resolver}\n`);
  return { isAsked: once(server, 'message') };
}

test('a new one that is killed before it serves changes nothing', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const clients = await connectMany(t, wherry, 3);
  const load = connectLoad(t, places, { clients: 2 });
  const { isAsked } = await writeHanging(t, wherry, '60s');
  const args = () => ['upgrade', '-c', wherry.configPath];
  const hanging = await startWherry(t, '', { args, probe: wherry.controlPath, expectedSignal: 'SIGKILL' });
  await within(isAsked, 'the new one asks for the name');
  await assertServes(t, wherry, places);

  writeFileSync(wherry.configPath, wherry.configText);
  const refused = await runToEnd(t, ['upgrade', '-c', wherry.configPath]);
  assert.match(refused.stderr, new RegExp(`process ${hanging.pid} is about to take over already`));
  assert.equal(refused.code, 3);
  assert.match((await askControl(t, wherry, { verb: 'reload' })).error, /about to take over/);

  hanging.signal('SIGKILL');
  await hanging.ended();
  await eventually(() => /has ended: this one goes on/.test(wherry.stderr), 'the old one says so');
  for (const client of clients) await echo(client, 'still there');
  await assertServes(t, wherry, places);

  const next = await upgrade(t, wherry);
  await wherry.ended();
  await assertServes(t, next, places);
  assert.deepEqual((await load.stop()).failures, []);
});

test('an old one that is stopped meanwhile keeps the new one from beginning', async (t) => {
  const { wherry } = await startToUpgrade(t);
  const { isAsked } = await writeHanging(t, wherry, '3s');
  const end = runToEnd(t, ['upgrade', '-c', wherry.configPath]);
  await within(isAsked, 'the new one asks for the name');
  wherry.signal('SIGTERM');
  await wherry.ended();
  const { code, stderr } = await end;
  assert.match(stderr, /upgrade: the Wherry that serves did not let go/);
  assert.equal(code, 3);
});

test('root takes over from what serves as another user', asRoot, async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, ({ ports }) =>
    `user: nobody\nstatus: 127.0.0.1:${ports[1]}\n${forwardTo(backend)}`, { ports: 2 });
  const load = connectLoad(t, [wherry.port]);
  const next = await upgrade(t, wherry);
  await wherry.ended();
  await assertServes(t, next, [wherry.port]);
  assert.deepEqual((await load.stop()).failures, []);
  assert.match(next.stderr, /hardening: user nobody/);
});
