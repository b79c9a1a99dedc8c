// SPDX-License-Identifier: MIT
// Backends are told in a PROXY header whose connection they get, and no connection is used
// for another client than the one it names.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { acceptWebSocket, frame, leave, OPCODE, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { readProxyHeader, v1, v2 } from './support/proxy_header.mjs';
import { freePorts, startWherry, temporaryDirectory } from './support/wherry.mjs';

const GET = requestText('GET', '/');
const VERSIONS = [1, 2];

const upstream = (urls, version, more = '') => `
routes: [{ to: app, websocket: { origins: any } }]
upstreams:
  app: { proxy_protocol: v${version}, servers: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}]${more} }
`;

/** Answers every request on a connection; headers has what each connection began with. */
async function answering(t) {
  const headers = [];
  const backend = await scriptedBackend(t, async (peer, index) => {
    headers[index] = await readProxyHeader(peer);
    for (;;) {
      await peer.when(() => peer.length > 0 || peer.isOver || undefined, 'a request or the end');
      if (peer.isOver) return;
      const request = await readRequest(peer);
      await peer.send(responseText(200, {}, `${index} ${request.body}`));
    }
  });
  return Object.assign(backend, { headers });
}

for (const version of VERSIONS) {
  test(`v${version} names the client and where it connected to`, async (t) => {
    const backend = await answering(t);
    const wherry = await startWherry(t, upstream([backend.url], version));
    const peer = await connect(t, { port: wherry.port, host: '127.0.0.1', localAddress: '127.0.0.9' });
    assert.equal((await exchange(peer, GET)).status, 200);
    const { from, fromPort, to, toPort, ...header } = backend.headers[0];
    assert.deepEqual([from, fromPort, to, toPort], ['127.0.0.9', peer.socket.localPort, '127.0.0.1', wherry.port]);
    assert.equal(header.version, version);
  });

  test(`v${version}: no connection carries a second request`, async (t) => {
    const backend = await answering(t);
    const wherry = await startWherry(t, upstream([backend.url], version));
    const names = [];
    for (let i = 0; i < 3; i++) {
      const peer = await connect(t, wherry.port);
      for (let j = 0; j < 2; j++) {
        const response = await exchange(peer, GET);
        assert.equal(response.body.toString().trim(), String(names.length));
        names.push(peer.socket.localPort);
      }
    }
    assert.deepEqual(backend.headers.map((header) => header.fromPort), names);
    for (const peer of backend.peers) await peer.over();
  });

  test(`v${version} goes before a request with a body`, async (t) => {
    const backend = await answering(t);
    const wherry = await startWherry(t, upstream([backend.url], version));
    const body = 'x'.repeat(200_000);
    const response = await exchange(await connect(t, wherry.port),
      requestText('POST', '/', [`Content-Length: ${body.length}`], body));
    assert.equal(response.body.toString(), `0 ${body}`);
    assert.equal(backend.headers.length, 1);
  });

  test(`v${version} and WebSocket`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, upstream([backend.url], version));
    const client = await connect(t, wherry.port);
    const answer = exchange(client, upgradeRequest());
    const server = await backend.peer();
    assert.equal((await readProxyHeader(server)).fromPort, client.socket.localPort);
    await acceptWebSocket(server);
    assert.equal((await answer).status, 101);
    await client.send(frame(OPCODE.text, 'hello', { mask: true }));
    assert.equal((await readFrame(server)).payload.toString(), 'hello');
    await Promise.all([leave(client, { mask: true }), leave(server, { mask: false })]);
  });

  test(`v${version} is sent anew to the next server`, async (t) => {
    const backend = await answering(t);
    const [closed] = await freePorts(1);
    const wherry = await startWherry(t, upstream([`http://127.0.0.1:${closed}`, backend.url], version));
    for (let i = 0; i < 4; i++) {
      const peer = await connect(t, wherry.port);
      assert.equal((await exchange(peer, GET)).status, 200);
      assert.equal(backend.headers[i].fromPort, peer.socket.localPort);
    }
  });

  test(`what a PROXY header told is passed on as v${version}`, async (t) => {
    const backend = await answering(t);
    const wherry = await startWherry(t, ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { from: [127.0.0.1] } }]
${upstream([backend.url], version)}`);
    const route = { from: '192.0.2.9', fromPort: 77, to: '198.51.100.9', toPort: 88 };
    for (const [index, header] of [v1(route), v2(route)].entries()) {
      const peer = await connect(t, wherry.port);
      await peer.send(Buffer.concat([header, Buffer.from(GET)]));
      assert.equal((await readResponse(peer)).status, 200);
      const { from, fromPort, to, toPort } = backend.headers[index];
      assert.deepEqual({ from, fromPort, to, toPort }, route);
    }
  });

  test(`a client of a UNIX socket is unknown to v1, and unnamed in v2: v${version}`, async (t) => {
    const path = join(temporaryDirectory(t), 'front.sock');
    const backend = await answering(t);
    await startWherry(t, `listeners: [{ address: "unix:${path}" }]${upstream([backend.url], version)}`, { probe: path });
    assert.equal((await exchange(await connect(t, path), GET)).status, 200);
    const header = backend.headers[0];
    assert.equal(version === 1 ? header.protocol : header.family, version === 1 ? 'UNKNOWN' : 0x31);
  });
}

test('other groups keep their connections', async (t) => {
  const plain = await scriptedBackend(t, async (peer) => {
    for (let i = 0; i < 2; i++) {
      await readRequest(peer);
      await peer.send(responseText(200));
    }
  });
  const named = await answering(t);
  const wherry = await startWherry(t, `
routes:
  - match: { path: /named/ }
    to: named
  - to: plain
upstreams:
  named: { proxy_protocol: v2, servers: ["${named.url}"] }
  plain: { servers: ["${plain.url}"] }
`);
  const peer = await connect(t, wherry.port);
  for (const target of ['/', '/named/', '/', '/named/']) {
    assert.equal((await exchange(peer, requestText('GET', target))).status, 200);
  }
  assert.equal(plain.peers.length, 1);
  assert.equal(named.peers.length, 2);
});
