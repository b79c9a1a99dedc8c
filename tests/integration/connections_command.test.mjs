// SPDX-License-Identifier: MIT
// `wherry connections`: which connections there are, with real clients on several workers,
// and those that filters choose; also when there are very many, and the reader is slow.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { Authority } from './support/certificates.mjs';
import { askControl, connectControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { leave, openPair } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { connectTls } from './support/tls_peer.mjs';
import { forwardTo, runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

async function list(t, wherry, ...args) {
  const { code, stdout, stderr } = await runToEnd(t, ['connections', '-c', wherry.configPath, '--json', ...args]);
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function routes(sockets, app, more = '') {
  return `
workers: 2
routes:
  - { name: chat, match: { path: /ws/ }, websocket: { origins: any }, to: sockets }
  - { name: site, to: app }
upstreams:
  sockets: { servers: [{ url: "${sockets.url}" }] }
  app: { servers: [{ url: "${app.url}" }] }
${more}`;
}

test('connections', async (t) => {
  const sockets = await webSocketBackend(t);
  const app = await httpBackend(t, (_, response) => response.end('hello'));
  const wherry = await startWherry(t, routes(sockets, app));
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await connectWebSocket(t, `${wherry.webSocketUrl}/ws/`));
  const idle = await connect(t, wherry.port);
  await exchange(idle, requestText('GET', '/'));

  for (const client of clients) await client.send('12345');
  for (const client of clients) await client.text();
  // Those by which the start was noticed may still be there.
  await eventually(async () => (await askControl(t, wherry, { verb: 'status' })).connections === 5, 'no others are left');

  await t.test('are listed with what they are and have done', async (t2) => {
    const all = await list(t2, wherry);
    assert.equal(all.length, 5);
    assert.equal(new Set(all.map(({ id }) => id)).size, 5);
    const web = all.filter(({ kind }) => kind === 'websocket');
    assert.equal(web.length, 4);
    for (const one of web) {
      assert.deepEqual(
        [one.state, one.route, one.upstream, one.server, one.tls, one.user, one.messages_in, one.messages_out],
        ['open', 'chat', 'sockets', sockets.url, null, null, 1, 1]);
      assert.equal(one.listener, `127.0.0.1:${wherry.port}`);
      assert.equal(one.client, '127.0.0.1');
      assert.match(one.peer, /^127\.0\.0\.1:\d+$/);
      assert.ok(one.bytes_in > 11 && one.bytes_out > 7);
      assert.ok(one.age_ms >= one.idle_ms && one.idle_ms >= 0);
    }
    const [http] = all.filter(({ kind }) => kind === 'http');
    assert.deepEqual([http.state, http.route, http.messages_in], ['open', null, 0]);
    assert.ok(http.bytes_out > 5);
  });

  await t.test('are shown to people as a table', async (t2) => {
    const { code, stdout } = await runToEnd(t2, ['connections', '-c', wherry.configPath]);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[0], /^id +peer +client +kind +state +listener +route +upstream +server +user +tls +age +idle +bytes in/);
    assert.equal(lines.length, 6);
  });

  await t.test('are chosen by filters', async (t2) => {
    const [{ id }] = await list(t2, wherry, '--kind', 'http');
    const rows = [
      // arguments, how many
      [[String(id)], 1],
      [['999999'], 0],
      [['--kind', 'websocket'], 4],
      [['--kind', 'http'], 1],
      [['--route', 'chat'], 4],
      [['--route', 'site'], 0],
      [['--upstream', 'sockets'], 4],
      [['--server', sockets.url], 4],
      [['--server', app.url], 0],
      [['--listener', `127.0.0.1:${wherry.port}`], 5],
      [['--listener', '127.0.0.1:1'], 0],
      [['--source', '127.0.0.0/8'], 5],
      [['--source', '127.0.0.1'], 5],
      [['--source', '10.0.0.0/8'], 0],
      [['--user', 'ann'], 0],
      [['--age', '1h'], 0],
      [['--idle', '1h'], 0],
      [['--age', '1ms', '--kind', 'websocket'], 4],
      [['--bytes', '1B'], 5],
      [['--bytes', '1MiB'], 0],
      [['--kind', 'websocket', '--route', 'site'], 0],
    ];
    for (const [args, count] of rows) assert.equal((await list(t2, wherry, ...args)).length, count, args.join(' '));
  });

  await t.test('are refused with bad filters', async (t2) => {
    for (const [args, code, pattern] of [
      [['--kind', 'tcp'], 1, /no such kind/],
      [['--source', 'localhost'], 1, /source is no network/],
      [['--source', '10.0.0.1/8'], 1, /source is no network/],
      [['--bytes', 'many'], 1, /bytes is no size/],
      [['--age', 'old'], 2, /TIME is no duration/],
      [['ann'], 2, /ID is no number/],
      [['1', '2'], 2, /too many/],
    ]) {
      const { code: got, stderr } = await runToEnd(t2, ['connections', '-c', wherry.configPath, ...args]);
      assert.equal(got, code, stderr);
      assert.match(stderr, pattern);
    }
    const answer = await askControl(t2, wherry, { verb: 'connections', age: 'old' });
    assert.match(answer.error, /age and idle are times/);
    const other = await askControl(t2, wherry, { verb: 'connections', code: 1000 });
    assert.match(other.error, /code/);
  });

  await t.test('know when the last message came, and not the last Pong', async (t2) => {
    await eventually(async () => (await list(t2, wherry, '--idle', '300ms', '--kind', 'websocket')).length === 4, 'idle');
    await clients[0].send('x');
    await clients[0].text();
    const busy = (await list(t2, wherry, '--kind', 'websocket')).filter(({ messages_in: count }) => count === 2);
    assert.equal(busy.length, 1);
    const others = (await list(t2, wherry, '--kind', 'websocket')).filter(({ messages_in: count }) => count === 1);
    for (const one of others) assert.ok(one.idle_ms > busy[0].idle_ms);
  });

  await t.test('that are gone are not listed', async (t2) => {
    clients[3].socket.terminate();
    idle.end();
    await eventually(async () => (await list(t2, wherry)).length === 3, 'three are left');
  });
});

test('a connection with TLS and a user', async (t) => {
  const authority = new Authority(t);
  const { cert, key } = authority.issue(['localhost', '127.0.0.1']);
  const app = await httpBackend(t, (request) => request.resume());
  const wherry = await startWherry(t, ({ port }) => `
listeners:
  - address: 127.0.0.1:${port}
    tls: { certificates: [{ cert: ${cert}, key: ${key} }] }
${forwardTo(app)}`);
  const peer = await connectTls(t, wherry.port, { ca: authority.pem });
  await peer.send(requestText('GET', '/'));
  const [one] = await eventually(async () => {
    const found = await list(t, wherry, '--route', 'routes[0]');
    return found.length > 0 && found;
  }, 'a request under way');
  assert.deepEqual([one.tls, one.state, one.kind, one.server], ['TLSv1.3', 'request', 'http', app.url]);
});

test('very many', async (t) => {
  const COUNT = 3000;
  const sockets = await webSocketBackend(t);
  const app = await httpBackend(t);
  const wherry = await startWherry(t, routes(sockets, app, 'limits: { header_timeout: 10m, exempt: [127.0.0.0/8] }'));
  const peers = [];
  for (let i = 0; i < COUNT; i += 100) {
    peers.push(...await Promise.all(Array.from({ length: 100 }, () => connect(t, wherry.port))));
  }
  await eventually(async () => (await askControl(t, wherry, { verb: 'status' })).connections === COUNT, 'connected');

  await t.test('are all listed, once', async (t2) => {
    const all = await list(t2, wherry);
    assert.equal(new Set(all.map(({ id }) => id)).size, COUNT);
    assert.equal(all.length, COUNT);
  });

  await t.test('are listed once while others come and go', async (t2) => {
    const items = [];
    const listing = askControl(t2, wherry, { verb: 'connections' }, items);
    for (const peer of peers.splice(0, 200)) peer.end();
    for (let i = 0; i < 50; i++) await connect(t2, wherry.port);
    const { ok, count } = await listing;
    assert.equal(ok, true);
    assert.equal(count, items.length);
    assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
    assert.ok(count >= COUNT - 200 && count <= COUNT + 50);
  });

  await t.test('wait for a reader that takes nothing, and hold no memory', async (t2) => {
    const stall = async () => {
      const peer = await connectControl(t2, wherry);
      peer.socket.pause();
      peer.write(`${JSON.stringify({ verb: 'connections' })}\n`.repeat(5));
      return peer;
    };
    const stalled = [];
    const before = residentMemory(wherry.pid);
    for (let i = 0; i < 10; i++) stalled.push(await stall());
    // Others are served meanwhile, the same question included.
    for (let i = 0; i < 3; i++) {
      assert.equal((await askControl(t2, wherry, { verb: 'connections', kind: 'websocket' })).count, 0);
    }
    const client = await connectWebSocket(t2, `${wherry.webSocketUrl}/ws/`);
    await client.send('hello');
    assert.equal(await client.text(), 'hello');
    assert.ok(residentMemory(wherry.pid) - before < 20 << 20);
    // Who goes, goes; who comes back within ten seconds gets the rest.
    for (const peer of stalled) peer.socket.destroy();
    const late = await stall();
    await askControl(t2, wherry, { verb: 'status' });
    late.socket.resume();
    for (let answers = 0; answers < 5;) answers += 'ok' in await late.next() ? 1 : 0;
  });

  await t.test('do not keep Wherry from stopping in the middle of a list', async (t2) => {
    const peer = await connectControl(t2, wherry);
    peer.socket.pause();
    peer.write(`${JSON.stringify({ verb: 'connections' })}\n`);
    wherry.signal('SIGTERM');
    await wherry.ended();
  });
});

test('of a Wherry that drains, on workers that have nothing left to drain, too', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `workers: 4\ndrain: { window: 30s, timeout: 30s }\n${forwardTo(backend)}`);
  const { client, server } = await openPair(t, wherry, backend); // which do not answer Close
  wherry.signal('SIGTERM');
  await eventually(async () => (await askControl(t, wherry, { verb: 'status' })).state === 'draining', 'draining');
  const [one, ...others] = await list(t, wherry);
  assert.deepEqual([one.kind, others.length], ['websocket', 0]);
  client.destroy();
  await leave(server, { mask: false });
  await wherry.ended();
});
