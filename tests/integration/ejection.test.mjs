// SPDX-License-Identifier: MIT
// Servers that fail requests are passed over for a while; requests that were lost before an
// answer go to another server, within a budget; a group in trouble is left alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket } from './support/frames.mjs';
import { metrics } from './support/gauges.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';

const group = (servers, keys = '', route = '') => ({ ports }) => `
status: 127.0.0.1:${ports[1]}
listeners: [{ address: "127.0.0.1:${ports[0]}" }]
routes: [{ websocket: { origins: any }, to: app${route} }]
upstreams:
  app:
    servers: [${servers.map((one) => `"${one.url ?? one}"`).join(', ')}]
${keys.split('\n').map((line) => `    ${line}`).join('\n')}
`;

const start = (t, ...rest) => startWherry(t, group(...rest), { ports: 2 });

async function ask(t, wherry, { method = 'GET', body = '' } = {}) {
  const peer = await connect(t, wherry.port);
  const fields = { Connection: 'close', ...(body && { 'Content-Length': body.length }) };
  const response = await exchange(peer, requestText(method, '/', fields, body));
  peer.destroy();
  return response;
}

async function statuses(t, wherry, count, options) {
  const found = [];
  for (let i = 0; i < count; i++) found.push((await ask(t, wherry, options)).status);
  return found;
}

/** Reads each request and then resets the connection. */
const lose = (t) => scriptedBackend(t, async (peer) => {
  await readRequest(peer);
  peer.socket.resetAndDestroy();
});

test('requests that are lost before an answer go to another server', async (t) => {
  const bad = await lose(t);
  const good = await httpBackend(t);
  const wherry = await start(t, [bad, good], 'ejection: { errors: off }');
  assert.deepEqual(await statuses(t, wherry, 8), Array(8).fill(200));
  assert.ok(bad.peers.length >= 4, 'it had its turns');
  assert.equal(good.requests.length, 8);
  assert.equal((await metrics(t, wherry)).get('wherry_backend_retries_total'), bad.peers.length);
});

test('so do handshakes, and requests that get no answer in time', async (t) => {
  const bad = await lose(t);
  const sockets = await webSocketBackend(t);
  const wherry = await start(t, [bad, sockets], 'ejection: { errors: off }');
  for (let i = 0; i < 4; i++) await openWebSocket(t, wherry);
  assert.equal(sockets.clients.size, 4);
  assert.ok(bad.peers.length >= 2);

  const mute = await scriptedBackend(t);
  const good = await httpBackend(t);
  const patient = await start(t, [mute, good], '', ', timeouts: { response: 2s }');
  assert.deepEqual(await statuses(t, patient, 2), [200, 200]);
  assert.ok(mute.peers.length >= 1);
});

test('what might be done twice is never sent twice', async (t) => {
  const bad = await lose(t);
  const good = await httpBackend(t);
  const wherry = await start(t, [bad, good], 'ejection: { errors: off }');
  const found = [...await statuses(t, wherry, 4, { method: 'POST', body: 'x' }), ...await statuses(t, wherry, 4, { method: 'PATCH' }),
    ...await statuses(t, wherry, 4, { method: 'PUT', body: 'x' })];
  assert.deepEqual(found.sort(), [...Array(6).fill(200), ...Array(6).fill(502)]);
  assert.deepEqual([bad.peers.length, good.requests.length], [6, 6]);
});

test('nothing is sent again beyond the budget', async (t) => {
  const servers = [await lose(t), await lose(t)];
  const wherry = await start(t, servers, 'ejection: { errors: off }\nretry: { percent: 0, min: 3 }');
  assert.deepEqual(await statuses(t, wherry, 6), Array(6).fill(502));
  assert.equal(servers[0].peers.length + servers[1].peers.length, 6 + 3);
  const samples = await metrics(t, wherry);
  assert.equal(samples.get('wherry_backend_retries_total'), 3);
  assert.equal(samples.get('wherry_backend_retries_refused_total'), 3);
  await wherry.says(/upstream app: too many requests fail/);
  assert.equal(wherry.messages.filter((line) => /too many requests fail/.test(line)).length, 1, 'said once');
});

test('as many servers are tried as retry.tries says', async (t) => {
  const servers = [await lose(t), await lose(t), await lose(t)];
  const wherry = await start(t, servers, 'retry: { tries: 2 }');
  assert.equal((await ask(t, wherry)).status, 502);
  assert.equal(servers.reduce((sum, { peers }) => sum + peers.length, 0), 2);
});

test('a server that fails is ejected, and returns', async (t) => {
  let isBroken = true;
  const shaky = await httpBackend(t, (request, response) => {
    if (isBroken) request.socket.resetAndDestroy();
    else response.end('shaky');
  });
  const good = await httpBackend(t, (request, response) => response.end('good'));
  const wherry = await start(t, [shaky, good], 'ejection: { errors: 3, time: 4s }');
  for (let i = 0; i < 3; i++) await statuses(t, wherry, 2);
  await wherry.says(new RegExp(`upstream app: ${shaky.url} is ejected for 4s: 3 failures in a row \\(.*reset|lost`));
  assert.equal((await metrics(t, wherry)).get(`wherry_server_ejected{upstream="app",server="${shaky.url}"}`), 1);
  const before = shaky.requests.length;
  assert.equal(before, 3);
  assert.deepEqual(await statuses(t, wherry, 4), [200, 200, 200, 200]);
  assert.equal(shaky.requests.length, before, 'it is left alone');
  isBroken = false;
  await eventually(async () => (await ask(t, wherry)).body.toString() === 'shaky', 'it is asked again');
  assert.equal((await metrics(t, wherry)).get(`wherry_server_ejected{upstream="app",server="${shaky.url}"}`), 0);
});

test('answers and handshakes are failures where the keys say so', async (t) => {
  const failing = () => httpBackend(t, (_, response) => response.writeHead(500).end());
  const [judged, tolerated, refusing] = [await failing(), await failing(), await failing()];
  const slow = await httpBackend(t, (_, response) => setTimeout(() => response.end('slow'), 200));
  const good = await httpBackend(t);
  const sockets = await webSocketBackend(t);
  const careless = await start(t, [tolerated, good], 'ejection: { errors: 2 }');
  await statuses(t, careless, 12);
  assert.equal(tolerated.requests.length, 6, 'by default 5xx are answers like others');

  const strict = await start(t, [judged, good], 'ejection: { errors: 2, status_5xx: true }');
  await statuses(t, strict, 12);
  await strict.says(/is ejected for 1s: 2 failures in a row \(status 500 after/);
  const hasty = await start(t, [slow, good], 'ejection: { errors: 2, latency: 100ms }');
  await statuses(t, hasty, 6);
  await hasty.says(/is ejected for 1s: 2 failures in a row \(status 200 after \d{3,} ms\)/);
  const picky = await start(t, [refusing, sockets], 'ejection: { errors: 2, refused_handshakes: true }');
  for (let i = 0; i < 4; i++) await openWebSocket(t, picky).catch(() => {});
  await picky.says(/is ejected for 1s: 2 failures in a row \(status 500 to a handshake/);
});

test('a false 101 is a failure', async (t) => {
  const liar = await scriptedBackend(t, (peer) => acceptWebSocket(peer, { fields: { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' } }));
  const sockets = await webSocketBackend(t);
  const wherry = await start(t, [liar, sockets], 'ejection: { errors: 2 }');
  for (let i = 0; i < 4; i++) await openWebSocket(t, wherry).catch(() => {});
  await wherry.says(/is ejected for 1s: 2 failures in a row \(101 without the right Sec-WebSocket-Accept\)/);
});

test('at most a share is ejected, and if nobody can be connected all are tried', async (t) => {
  const servers = [await lose(t), await lose(t)];
  const wherry = await start(t, servers, 'ejection: { errors: 1, time: 1m, max_time: 1m }\nretry: { tries: 1 }');
  assert.deepEqual(await statuses(t, wherry, 6), Array(6).fill(502));
  await wherry.says(/is ejected/);
  assert.equal(wherry.messages.filter((line) => /is ejected/.test(line)).length, 1, 'one of two');

  const ports = await freePorts(2);
  const dead = await start(t, ports.map((port) => `http://127.0.0.1:${port}`), 'ejection: { time: 1m, max_time: 1m }');
  assert.deepEqual(await statuses(t, dead, 2), [502, 502]);
  const revived = await httpBackend(t, undefined, { port: ports[1] });
  assert.deepEqual(await statuses(t, dead, 4), [200, 200, 200, 200], 'though both are passed over');
  assert.equal(revived.requests.length, 4);
});

test('a group that never answers is left alone, and asked by one after a while', async (t) => {
  let isBroken = true;
  const app = await httpBackend(t, (request, response) => {
    if (isBroken) request.socket.resetAndDestroy();
    else response.end('well');
  });
  const wherry = await start(t, [app], 'circuit: { failures: 3, open: 3s }');
  assert.deepEqual(await statuses(t, wherry, 3), [502, 502, 502]);
  const refused = await ask(t, wherry);
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after'), /^[123]$/);
  assert.equal(app.requests.length, 3, 'it was not asked');
  await wherry.says(/upstream app: its circuit is open for 3s: 3 requests in a row had no answer/);
  await wherry.accessLine({ status: 503, reason: 'overload' });
  isBroken = false;
  await eventually(async () => (await ask(t, wherry)).status === 200, 'it is asked again');
  await wherry.says(/upstream app: its circuit is closed: a server answers again/);
  assert.deepEqual(await statuses(t, wherry, 3), [200, 200, 200]);
});

test('a group takes as much at once as it may', async (t) => {
  const waiting = [];
  const slow = await httpBackend(t, (_, response) => waiting.push(response));
  const pending = await start(t, [slow], 'circuit: { max_pending: 2 }');
  const first = [ask(t, pending), ask(t, pending)];
  await eventually(() => waiting.length === 2, 'two wait for an answer');
  assert.equal((await ask(t, pending)).status, 503);
  for (const response of waiting.splice(0)) response.end();
  assert.deepEqual((await Promise.all(first)).map(({ status }) => status), [200, 200]);
  const next = ask(t, pending);
  await eventually(() => waiting.length === 1, 'there is room again');
  waiting[0].end();
  assert.equal((await next).status, 200);

  const sockets = await webSocketBackend(t);
  const limited = await start(t, [sockets], 'circuit: { max_requests: 2 }');
  const peers = [await openWebSocket(t, limited), await openWebSocket(t, limited)];
  await assert.rejects(openWebSocket(t, limited), /503/);
  peers[0].destroy();
  await eventually(() => openWebSocket(t, limited).then(() => true, () => false), 'there is room again');
});
