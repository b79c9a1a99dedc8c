// SPDX-License-Identifier: MIT
// Active health checks: each way to be broken is found and said, good servers stay up, and
// what is down gets no requests, while its WebSockets go on.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';

import { WebSocketServer } from 'ws';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { Authority } from './support/certificates.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, closeFrame, frame, OPCODE, readFrame } from './support/frames.mjs';
import { metrics } from './support/gauges.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { readProxyHeader } from './support/proxy_header.mjs';
import { startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

// As quick as good servers surely are, also on a slow machine.
const QUICK = 'interval: 1s, timeout: 1s, fall: 2, rise: 2';

/** A configuration with one group for each entry: { name: { urls, keys } }. */
function groups(entries) {
  const names = Object.keys(entries);
  const routes = names.map((name) => `  - { match: { path: /${name}/ }, websocket: { origins: any }, to: ${name} }`);
  const upstreams = names.map((name) => `  ${name}:
    servers: [${entries[name].urls.map((url) => `"${url}"`).join(', ')}]
${entries[name].keys.split('\n').map((line) => `    ${line}`).join('\n')}`);
  return `routes:\n${routes.join('\n')}\nupstreams:\n${upstreams.join('\n')}\n`;
}

const withStatus = (text) => ({ ports }) => `
status: 127.0.0.1:${ports[1]}
listeners: [{ address: "127.0.0.1:${ports[0]}" }]
${text}`;

/** Reads what the check sends until it closes. */
async function readOn(peer, onFrame) {
  for (;;) {
    const got = await readFrame(peer);
    await onFrame(got);
    if (got.opcode === OPCODE.close) return;
  }
}

const answerPings = async (peer, got) => {
  if (got.opcode === OPCODE.ping) await peer.send(frame(OPCODE.pong, got.payload));
};

const ws = (more = '') => `health_check: { type: websocket, ${QUICK}${more} }`;

const BROKEN = {
  tcp_only: [async () => {}, ws(), /found none within 1s/, /expected an answer/],
  wrong_accept: [(peer) => acceptWebSocket(peer, { fields: { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' } }),
    ws(), /expected a WebSocket handshake, found 101 without the right Sec-WebSocket-Accept/],
  silent: [(peer) => acceptWebSocket(peer), ws(), /expected a pong, found none within 1s/],
  unavailable: [async (peer) => {
    const { target } = await readRequest(peer);
    await peer.send(responseText(target === '/health' ? 200 : 503));
  }, ws(', path: /ws'), /expected status 101, found 503/],
  slow_pong: [async (peer) => {
    await acceptWebSocket(peer);
    const ping = await readFrame(peer);
    setTimeout(() => { if (!peer.isOver) peer.socket.write(frame(OPCODE.pong, ping.payload)); }, 3000).unref();
  }, ws(), /expected a pong, found none within 1s/],
  wrong_pong: [async (peer) => {
    await acceptWebSocket(peer);
    await readFrame(peer);
    await peer.send(frame(OPCODE.pong, 'not this'));
  }, ws(), /expected a pong, found none within 1s/],
  no_close: [async (peer) => {
    await acceptWebSocket(peer);
    await readOn(peer, (got) => answerPings(peer, got));
    peer.socket.end();
  }, ws(), /expected a Close, found the end of the connection/],
  closes: [(peer) => acceptWebSocket(peer, { early: closeFrame(1011) }), ws(), /expected a pong, found a Close with code 1011/],
  masked: [(peer) => acceptWebSocket(peer, { early: frame(OPCODE.text, 'x', { mask: true }) }),
    ws(), /expected a pong, found a frame that breaks RFC 6455/],
  no_subprotocol: [(peer) => acceptWebSocket(peer), ws(', subprotocol: chat.v1'), /expected chat\.v1, found no subprotocol/],
  other_message: [async (peer) => {
    await acceptWebSocket(peer, { early: frame(OPCODE.text, 'something else') });
    await readOn(peer, (got) => answerPings(peer, got));
  }, ws(', send: hello, expect: welcome'), /expected welcome, found none within 1s/],
  bad_status: [async (peer) => {
    await readRequest(peer);
    await peer.send(responseText(500));
  }, `health_check: { type: http, path: /health, ${QUICK} }`, /expected status 200-399, found 500/],
  bad_body: [async (peer) => {
    await readRequest(peer);
    await peer.send(responseText(200, {}, '{"status":"degraded"}'));
  }, `health_check: { type: http, body: '"ok"', ${QUICK} }`, /expected "ok", found none in the answer/],
};

test('each broken server is found, with the reason', async (t) => {
  const entries = {};
  for (const [name, [script, keys]] of Object.entries(BROKEN)) {
    const backend = await scriptedBackend(t, (peer, index) => Promise.resolve(script(peer, index)).catch(() => {}));
    entries[name] = { urls: [backend.url], keys, pattern: BROKEN[name].slice(2) };
  }
  const wherry = await startWherry(t, groups(entries));
  for (const [name, { urls, pattern }] of Object.entries(entries)) {
    const line = await wherry.says(new RegExp(`^upstream ${name}: ${urls[0]} is down: 1 check failed`));
    for (const one of pattern) assert.match(line, one);
  }
});

async function secureWebSockets(t, pair) {
  const server = https.createServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
  const sockets = new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const checks = [];
  sockets.on('connection', (socket) => socket.on('close', (code) => checks.push(code)));
  return { url: `https://127.0.0.1:${server.address().port}`, checks };
}

test('good servers are up, of each kind and over each way, and stay so', async (t) => {
  const authority = new Authority(t);
  const secure = await secureWebSockets(t, authority.issue(['app.test', '127.0.0.1']));
  const chat = [];
  const greeting = await webSocketBackend(t, (socket) => {
    socket.send('anything first');
    socket.on('message', (data) => socket.send(`welcome, ${data}`));
    socket.on('close', (code) => chat.push(code));
  }, { handleProtocols: () => 'chat.v1' });
  const path = join(temporaryDirectory(t), 'app.sock');
  const local = await httpBackend(t, (request, response) => response.end('all is ok here'), { path });
  const prologues = [];
  const proxied = await scriptedBackend(t, async (peer) => {
    prologues.push(await readProxyHeader(peer));
    await readRequest(peer);
    await peer.send(responseText(204));
  });
  const plain = await scriptedBackend(t);
  const wherry = await startWherry(t, withStatus(groups({
    secure: { urls: [secure.url], keys: `${ws()}\ntls: { ca: ${authority.cert} }` },
    greeting: { urls: [greeting.url], keys: ws(", subprotocol: chat.v1, send: 'hello', expect: 'welcome, hello'") },
    local: { urls: [local.url], keys: `health_check: { type: http, body: ok, ${QUICK} }` },
    proxied: { urls: [proxied.url], keys: `health_check: { type: http, ${QUICK} }\nproxy_protocol: v2` },
    plain: { urls: [plain.url], keys: `health_check: { ${QUICK} }` },
  })), { ports: 2 });
  for (const name of ['secure', 'greeting', 'local', 'proxied', 'plain']) {
    await wherry.says(new RegExp(`^upstream ${name}: .* is up: 1 check passed`));
  }
  await eventually(() => secure.checks.length >= 4 && chat.length >= 4 && local.requests.length >= 4 && prologues.length >= 4
    && plain.peers.length >= 4, 'several checks of each');
  assert.deepEqual([...new Set([...secure.checks, ...chat])], [1000], 'each WebSocket was closed as it should be');
  assert.deepEqual(local.requests[0].headers, { host: 'localhost', 'user-agent': 'wherry', connection: 'close' });
  assert.equal(prologues[0].command, 0, 'LOCAL');
  assert.equal(wherry.messages.filter((line) => / is down/.test(line)).length, 0);
  const samples = await metrics(t, wherry);
  assert.equal(samples.get(`wherry_server_up{upstream="plain",server="${plain.url}"}`), 1);
});

/** An http server whose answer to /health can be changed. */
async function movable(t, name) {
  const backend = await httpBackend(t, (request, response) => {
    if (request.url === '/health') response.writeHead(backend.health).end();
    else response.end(name);
  });
  backend.health = 200;
  const sockets = new WebSocketServer({ server: backend.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${name} ${data}`)));
  return backend;
}

async function ask(t, wherry, count) {
  const peer = await connect(t, wherry.port);
  const answers = [];
  for (let i = 0; i < count; i++) answers.push((await exchange(peer, requestText('GET', '/app/'))).body.toString());
  peer.destroy();
  return answers;
}

test('a server that goes down gets no requests until it is up again, and keeps its WebSockets', async (t) => {
  const backends = [await movable(t, 'a'), await movable(t, 'b')];
  const check = `health_check: { type: http, path: /health, ${QUICK} }`;
  const wherry = await startWherry(t, withStatus(groups({ app: { urls: backends.map(({ url }) => url), keys: check } })), { ports: 2 });
  for (const { url } of backends) await wherry.says(new RegExp(`${url} is up: 1 check passed`));
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await connectWebSocket(t, `${wherry.webSocketUrl}/app/`));
  assert.deepEqual((await ask(t, wherry, 10)).sort().join(''), 'aaaaabbbbb');

  backends[0].health = 503;
  await wherry.says(new RegExp(`upstream app: ${backends[0].url} is down: 2 checks failed \\(expected status 200-399, found 503\\)`));
  assert.equal((await ask(t, wherry, 6)).join(''), 'bbbbbb');
  const down = await metrics(t, wherry);
  assert.equal(down.get(`wherry_server_up{upstream="app",server="${backends[0].url}"}`), 0);
  const answers = [];
  for (const client of clients) {
    await client.send('still');
    answers.push(await client.text());
  }
  assert.deepEqual(answers.sort(), ['a still', 'a still', 'b still', 'b still']);

  backends[1].health = 503;
  await wherry.says(/upstream app: none of its servers is up: requests go to all of them/);
  assert.equal((await ask(t, wherry, 6)).sort().join(''), 'aaabbb', 'all of them take requests');
  assert.equal((await metrics(t, wherry)).get('wherry_upstream_panic{upstream="app"}'), 1);

  backends[0].health = 200;
  await wherry.says(new RegExp(`upstream app: ${backends[0].url} is up: 2 checks passed`));
  assert.equal((await ask(t, wherry, 4)).join(''), 'aaaa');
  for (const client of clients) assert.equal(client.socket.readyState, 1);
  const changes = wherry.messages.filter((line) => / is (up|down): 2 /.test(line));
  assert.equal(changes.length, 3, 'each change is told once');
});
