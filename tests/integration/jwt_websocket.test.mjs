// SPDX-License-Identifier: MIT
// WebSockets that need a token: four places for it, and a close when it expires.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { acceptWebSocket, upgradeRequest } from './support/frames.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange } from './support/http_text.mjs';
import { makeKey, secondsFromNow, writeKeySet } from './support/jwt.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const key = makeKey('ES256', 'one');

const configuration = (url) => (wherry) => `
routes:
  - match: { path: /short/ }
    websocket: { origins: any }
    jwt: { jwks: ${writeKeySet(wherry.directory, [key])}, leeway: 0s, close_code: 4401 }
    to: app
  - match: { path: /default/ }
    websocket: { origins: any }
    jwt: { jwks: keys.json, leeway: 1s }
    to: app
  - match: { path: / }
    websocket: { origins: any }
    jwt:
      jwks: keys.json
      from: [authorization, cookie=session, query=token, subprotocol=bearer]
      forward: { X-User: sub }
    to: app
upstreams: { app: { servers: ["${url}"] } }
`;

async function start(t) {
  const handshakes = [];
  const closes = [];
  const onSocket = (socket, request) => {
    handshakes.push(request);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => closes.push({ code, reason: reason.toString() }));
  };
  const handleProtocols = (offered) => (offered.has('chat') ? 'chat' : false);
  const backend = await webSocketBackend(t, onSocket, { handleProtocols });
  const wherry = await startWherry(t, configuration(backend.url));
  return { wherry, backend, handshakes, closes };
}

async function echoes(client) {
  await client.send('hello');
  assert.equal(await client.text(), 'hello');
}

test('a WebSocket with a token', async (t) => {
  const { wherry, handshakes } = await start(t);
  const token = key.sign({ sub: 'ann' });

  for (const [place, path, options] of [
    ['Authorization', '/', { headers: { Authorization: `Bearer ${token}` } }],
    ['a cookie', '/', { headers: { Cookie: `session=${token}` } }],
    ['a query parameter', `/?token=${token}`, {}],
    ['a subprotocol and the next one', '/', { protocols: ['bearer', token] }],
    ['a subprotocol and the next one, among others', '/', { protocols: ['chat', 'bearer', token] }],
    ['a subprotocol of both, among others', '/', { protocols: [`bearer.${token}`, 'chat'] }],
  ]) {
    await t.test(`in ${place}`, async (t) => {
      const client = await connectWebSocket(t, wherry.webSocketUrl + path, options);
      await echoes(client);
      const { headers } = handshakes.at(-1);
      assert.equal(headers['x-user'], 'ann');
      const { protocols = [] } = options;
      const offered = protocols.filter((one) => one === 'chat').join();
      assert.equal(headers['sec-websocket-protocol'], offered || undefined);
      assert.equal(client.socket.protocol, offered || (protocols.length > 0 ? 'bearer' : ''));
    });
  }

  for (const [name, path, options] of [
    ['no token', '/', {}],
    ['a bad token', '/', { protocols: ['bearer', `${token}A`] }],
    ['two tokens', '/', { protocols: ['bearer', token, `bearer.${token}`] }],
    ['a name without its token', '/', { protocols: ['chat', 'bearer'] }],
    ['another name', '/', { protocols: ['Bearer', token] }],
    ['an expired one', `/?token=${key.sign({ exp: secondsFromNow(-60) })}`, {}],
  ]) {
    await t.test(`${name} opens nothing`, async (t) => {
      const before = handshakes.length;
      await assert.rejects(connectWebSocket(t, wherry.webSocketUrl + path, options), /40[01]/);
      assert.equal(handshakes.length, before);
    });
  }

  await t.test('the token stands in no line', async () => {
    await wherry.accessLine({ status: 401, detail: 'the token has expired' });
    assert.doesNotMatch(wherry.textLines.join('\n') + wherry.stderr, /eyJ/);
  });
});

test('subprotocols beside a token', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, configuration(backend.url));
  const token = key.sign();

  async function outcome(offer, chosen) {
    const index = backend.peers.length;
    const client = await connect(t, wherry.port);
    const fields = offer.map((one) => `Sec-WebSocket-Protocol: ${one}`);
    const text = upgradeRequest('/').replace('\r\n\r\n', `\r\n${fields.join('\r\n')}\r\n\r\n`);
    const response = exchange(client, text);
    const request = await acceptWebSocket(await backend.peer(index), { fields: { 'Sec-WebSocket-Protocol': chosen } });
    const { status, headers } = await response;
    client.destroy();
    return [status, request.headers.get('sec-websocket-protocol'), headers.get('sec-websocket-protocol')];
  }

  for (const [name, offer, chosen, expected] of [
    ['the backend chooses of the rest', [`a, bearer, ${token}, b`], 'b', [101, 'a, b', 'b']],
    ['in several fields', ['a, bearer', `${token}, b`], 'a', [101, 'a, b', 'a']],
    ['it may choose none', [`a, bearer, ${token}`], undefined, [101, 'a', 'bearer']],
    ['one entry: nothing is chosen for it', [`bearer.${token}`], undefined, [101, undefined, undefined]],
    ['it may not choose the name', [`a, bearer, ${token}`], 'bearer', [502, 'a', undefined]],
    ['nor the token', [`a, bearer, ${token}`], token, [502, 'a', undefined]],
    ['nor the entry with it', [`a, bearer.${token}`], `bearer.${token}`, [502, 'a', undefined]],
  ]) {
    await t.test(name, async () => assert.deepEqual(await outcome(offer, chosen), expected));
  }
});

test('a token that expires while its WebSocket is open', async (t) => {
  const { wherry, closes } = await start(t);

  for (const [path, code] of [['/short/', 4401], ['/default/', 1008]]) {
    await t.test(`closes it with ${code}`, async (t) => {
      const before = closes.length;
      const Authorization = `Bearer ${key.sign({ exp: secondsFromNow(4) })}`;
      const client = await connectWebSocket(t, wherry.webSocketUrl + path, { headers: { Authorization } });
      await echoes(client);
      assert.deepEqual(await client.closed(), { code, reason: 'token_expired' });
      const line = await wherry.accessLine({ reason: 'token_expired', close_code: code });
      assert.equal(line.ended_by, 'wherry');
      assert.ok(line.duration_ms < 30_000);
      await eventually(() => closes.length > before, 'the backend is told');
      assert.deepEqual(closes.at(-1), { code: 1001, reason: 'token_expired' });
    });
  }

  await t.test('one without end stays', async (t) => {
    const Authorization = `Bearer ${key.sign({ exp: secondsFromNow(3600 * 24 * 365 * 50) })}`;
    const client = await connectWebSocket(t, `${wherry.webSocketUrl}/short/`, { headers: { Authorization } });
    await echoes(client);
  });
});
