// SPDX-License-Identifier: MIT
// Subprotocols and extensions: only what a client offered can be agreed, and only the one
// extension Wherry knows is offered on.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { acceptWebSocket, frame, OPCODE, openPair, openWebSocket, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('negotiation', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  /** The status a client gets for its offer when the backend answers with these fields. */
  async function outcome(offer, answer) {
    const index = backend.peers.length;
    const client = await connect(t, wherry.port);
    const response = exchange(client, upgradeRequest('/', offer));
    const request = await acceptWebSocket(await backend.peer(index), { fields: answer });
    const { status, headers } = await response;
    client.destroy();
    return { status, headers, request };
  }

  await t.test('subprotocols', async () => {
    for (const [offered, chosen, status] of [
      ['chat.v1, chat.v2', 'chat.v2', 101],
      ['chat.v1,chat.v2', 'chat.v1', 101],
      ['chat.v1', undefined, 101],
      [undefined, undefined, 101],
      ['chat.v1', 'chat.v2', 502],
      ['chat.v1', 'chat', 502],
      ['chat.v1', 'chat.v1, chat.v1', 502],
      [undefined, 'chat.v1', 502],
    ]) {
      const seen = await outcome({ 'Sec-WebSocket-Protocol': offered }, { 'Sec-WebSocket-Protocol': chosen });
      assert.equal(seen.status, status, `${offered} answered by ${chosen}`);
      assert.equal(seen.request.headers.get('sec-websocket-protocol'), offered);
      if (status === 101) assert.equal(seen.headers.get('sec-websocket-protocol'), chosen);
    }
  });

  await t.test('extensions', async () => {
    const deflate = 'permessage-deflate; client_max_window_bits';
    for (const [offered, passedOn, chosen, status] of [
      [deflate, /^permessage-deflate; ?client_max_window_bits$/, 'permessage-deflate', 101],
      [deflate, /permessage-deflate/, undefined, 101],
      [deflate, /permessage-deflate/, 'x-webkit-deflate-frame', 502],
      ['x-foo, permessage-deflate, x-bar; a="b"', /^permessage-deflate$/, 'permessage-deflate; server_no_context_takeover', 101],
      ['x-foo', undefined, undefined, 101],
      ['x-foo', undefined, 'x-foo', 502],
      [undefined, undefined, 'permessage-deflate', 502],
    ]) {
      const seen = await outcome({ 'Sec-WebSocket-Extensions': offered }, { 'Sec-WebSocket-Extensions': chosen });
      const passed = seen.request.headers.get('sec-websocket-extensions');
      if (passedOn) assert.match(passed, passedOn);
      else assert.equal(passed, undefined);
      assert.equal(seen.status, status, `${offered} answered by ${chosen}`);
      if (status === 101) assert.equal(seen.headers.get('sec-websocket-extensions'), chosen);
    }
  });

  await t.test('RSV1 passes only when compression was agreed', async () => {
    const fields = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const compressed = frame(OPCODE.text, Buffer.from('f248cdc9c90700', 'hex'), { rsv: 4, mask: true });
    const agreed = await openPair(t, wherry, backend, { client: { fields }, backend: { fields } });
    await agreed.client.send(compressed);
    assert.equal((await readFrame(agreed.server)).rsv, 4);

    const declined = await openPair(t, wherry, backend, { client: { fields } });
    await declined.client.send(compressed);
    assert.equal((await readFrame(declined.client)).code, 1002);
  });

  await t.test('RSV1 never stands on a control frame or a continuation', async () => {
    const fields = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    for (const bad of [
      frame(OPCODE.ping, '', { rsv: 4, mask: true }),
      Buffer.concat([
        frame(OPCODE.text, 'a', { rsv: 4, mask: true, fin: false }),
        frame(OPCODE.continuation, 'b', { rsv: 4, mask: true }),
      ]),
    ]) {
      const { client } = await openPair(t, wherry, backend, { client: { fields }, backend: { fields } });
      await client.send(bad);
      assert.equal((await readFrame(client)).code, 1002);
    }
  });
});

test('a route may ask for a subprotocol', async (t) => {
  const backend = await scriptedBackend(t, (peer) => acceptWebSocket(peer, { fields: { 'Sec-WebSocket-Protocol': 'chat.v1' } }));
  const wherry = await startWherry(t, `
routes: [{ match: { subprotocol: chat.v1 }, websocket: {}, to: app }]
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const fields = { 'Sec-WebSocket-Protocol': 'chat.v2, chat.v1' };
  const client = await openWebSocket(t, wherry, { fields });
  assert.equal(client.response.headers.get('sec-websocket-protocol'), 'chat.v1');
  const other = await exchange(await connect(t, wherry.port), upgradeRequest('/', { 'Sec-WebSocket-Protocol': 'chat.v2' }));
  assert.equal(other.status, 404);
});
