// SPDX-License-Identifier: MIT
// `wherry kill`: who is meant goes, with the code and the words that were asked for, and
// nobody else does.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

async function kill(t, wherry, ...args) {
  const { code, stdout, stderr } = await runToEnd(t, ['kill', '-c', wherry.configPath, '--json', ...args]);
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  return JSON.parse(stdout).killed;
}

async function connections(t, wherry, filter = {}) {
  const items = [];
  assert.equal((await askControl(t, wherry, { verb: 'connections', ...filter }, items)).ok, true);
  return items;
}

test('WebSockets', async (t) => {
  const seen = [];
  const backend = await webSocketBackend(t, (socket) => {
    socket.on('message', (data) => socket.send(data.toString()));
    socket.on('close', (code, reason) => seen.push([code, reason.toString()]));
  });
  const wherry = await startWherry(t, `
workers: 2
routes:
  - { name: one, match: { path: /one }, websocket: { origins: any }, to: app }
  - { name: two, match: { path: /two }, websocket: { origins: any }, to: app }
upstreams: { app: { servers: ["${backend.url}"] } }
`);
  const open = (path) => connectWebSocket(t, `${wherry.webSocketUrl}${path}`);
  const assertLives = async (client) => {
    await client.send('still here');
    assert.equal(await client.text(), 'still here');
  };

  await t.test('are ended one by one', async (t2) => {
    const [first, second] = [await open('/one'), await open('/one')];
    const ids = (await connections(t2, wherry)).map(({ id }) => id);
    assert.equal(await kill(t2, wherry, String(Math.min(...ids))), 1);
    const closed = await Promise.race([first.closed(), second.closed()]);
    assert.deepEqual(closed, { code: 1008, reason: 'killed' });
    const [{ id }] = await eventually(async () => {
      const left = await connections(t2, wherry);
      return left.length === 1 && left;
    }, 'one is left');
    assert.equal(id, Math.max(...ids));
    await eventually(() => seen.some(([code]) => code === 1001), 'its backend is told that the client went');
    const line = await wherry.accessLine({ reason: 'killed' });
    assert.deepEqual([line.ended_by, line.close_code, line.id], ['wherry', 1008, Math.min(...ids)]);
    assert.equal(await kill(t2, wherry, String(id)), 1);
  });

  await t.test('are ended by a filter, with a code and a reason', async (t2) => {
    const gone = await Promise.all(Array.from({ length: 10 }, () => open('/one')));
    const stays = await Promise.all(Array.from({ length: 5 }, () => open('/two')));
    const args = ['--route', 'one', '--code', '4000', '--reason', 'go elsewhere, \u00fcbel'];
    assert.equal(await kill(t2, wherry, ...args), 10);
    for (const client of gone) assert.deepEqual(await client.closed(), { code: 4000, reason: 'go elsewhere, \u00fcbel' });
    for (const client of stays) await assertLives(client);
    assert.equal(await kill(t2, wherry, '--route', 'one'), 0);
    assert.equal(await kill(t2, wherry, '--all'), 5);
    for (const client of stays) assert.equal((await client.closed()).code, 1008);
  });

  await t.test('are not ended by mistake', async (t2) => {
    const client = await open('/one');
    const [{ id }] = await connections(t2, wherry);
    for (const [args, code, pattern] of [
      [[], 1, /would end all connections \(expected an id, a filter, or all\)/],
      [['--age', '0s'], 1, /would end all/],
      [[String(id + 1000)], 1, new RegExp(`there is no connection ${id + 1000}`)],
      [['--route', 'onne'], 1, /unknown route "onne", did you mean "one"\? \(expected one of one, two\)/],
      [['--upstream', 'ap'], 1, /unknown upstream "ap", did you mean "app"\?/],
      [[String(id), '--code', '1005'], 1, /code may not be sent/],
      [[String(id), '--code', '1006'], 1, /code may not be sent/],
      [[String(id), '--code', '70000'], 1, /code may not be sent/],
      [[String(id), '--reason', 'x'.repeat(124)], 1, /longer than the 123 bytes/],
      [[String(id), '--reason'], 2, /lacks its value/],
      [['all'], 2, /no number/],
    ]) {
      const { code: got, stderr } = await runToEnd(t2, ['kill', '-c', wherry.configPath, ...args]);
      assert.equal(got, code, `${args}: ${stderr}`);
      assert.match(stderr, pattern);
    }
    await assertLives(client);
    client.socket.terminate();
  });
});

test('a WebSocket in the middle of a frame', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, server } = await openPair(t, wherry, backend);
  const whole = frame(OPCODE.text, 'a long message', { mask: true });
  await client.send(whole.subarray(0, 8));
  await eventually(async () => (await connections(t, wherry, { bytes: '8B' })).length === 1, 'half a frame');
  assert.equal(await kill(t, wherry, '--all', '--code', '1013'), 1);
  const close = await readFrame(client);
  assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [OPCODE.close, 1013]);
  await client.send(whole.subarray(8));
  await leave(client, { mask: true });
  assert.equal((await readFrame(server)).payload.toString(), 'a long message');
  assert.equal((await readFrame(server)).opcode, OPCODE.close);
  await leave(server, { mask: false });
  await wherry.accessLine({ reason: 'killed' });
});

test('HTTP', async (t) => {
  const backend = await httpBackend(t, (_, response) => response.write('the beginning'));
  const wherry = await startWherry(t, forwardTo(backend));
  const busy = await connect(t, wherry.port);
  const idle = await connect(t, wherry.port);
  await busy.send(requestText('GET', '/'));
  await eventually(async () => (await connections(t, wherry, { route: 'routes[0]' })).length === 1, 'under way');

  await t.test('a connection with a request is ended', async (t2) => {
    assert.equal(await kill(t2, wherry, '--route', 'routes[0]'), 1);
    await wherry.accessLine({ reason: 'killed', ended_by: 'wherry', status: 200 });
    assert.equal((await connections(t2, wherry)).length, 1);
  });

  await t.test('and an idle one', async (t2) => {
    assert.equal(await kill(t2, wherry, '--all', '--kind', 'http'), 1);
    await eventually(async () => (await connections(t2, wherry)).length === 0, 'none');
    idle.destroy();
  });
});
