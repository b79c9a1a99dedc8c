// SPDX-License-Identifier: MIT
// Nothing waits for more: each piece of a body goes on when it comes, both ways.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const PIECES = ['data: one\n\n', 'data: two\n\n', 'data: three\n\n'];

/** A client and its connection at the backend, the request's head already there. */
async function open(t, wherry, backend, text) {
  const index = backend.peers.length;
  const client = await connect(t, wherry.port);
  await client.send(text);
  const server = await backend.peer(index);
  return { client, server };
}

/** What goes to who reads a body: as it is, or as a chunk. */
function written(piece, isChunked) {
  return isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece;
}

/** The piece alone has come; it may have been cut into several chunks. */
async function assertComes(peer, piece, isChunked) {
  let seen = '';
  while (seen.length < piece.length) {
    const length = isChunked ? parseInt(await peer.readUntil('\r\n'), 16) : piece.length;
    seen += await peer.readExactly(length);
    if (isChunked) await peer.readExactly(2);
  }
  assert.equal(seen, piece);
}

test('bodies flow', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  const heads = {
    'with a length': `Content-Length: ${PIECES.join('').length}\r\n`,
    'in chunks': 'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n',
    'until close': '',
  };
  for (const [name, fields] of Object.entries(heads)) {
    await t.test(`a response ${name}`, async () => {
      const { client, server } = await open(t, wherry, backend, requestText('GET', '/'));
      await readRequest(server);
      await server.send(`HTTP/1.1 200 OK\r\nConnection: close\r\n${fields}\r\n`);
      await readResponse(client, { body: false });
      for (const piece of PIECES) {
        await server.send(written(piece, fields.includes('chunked')));
        await assertComes(client, piece, fields !== heads['with a length']);
      }
      client.destroy();
    });
  }

  await t.test('a request with a length', async () => {
    const length = PIECES.join('').length;
    const { client, server } = await open(t, wherry, backend, requestText('POST', '/', { 'Content-Length': length }));
    await readRequest(server, { body: false });
    for (const piece of PIECES) {
      await client.send(piece);
      await assertComes(server, piece, false);
    }
  });

  await t.test('a request in chunks', async () => {
    const text = requestText('POST', '/', { 'Transfer-Encoding': 'chunked' });
    const { client, server } = await open(t, wherry, backend, text);
    await readRequest(server, { body: false });
    for (const piece of PIECES) {
      await client.send(written(piece, true));
      await assertComes(server, piece, true);
    }
  });

  await t.test('both at once, like a conversation', async () => {
    const text = requestText('POST', '/', { 'Transfer-Encoding': 'chunked' });
    const { client, server } = await open(t, wherry, backend, text);
    await readRequest(server, { body: false });
    await server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await readResponse(client, { body: false });
    for (const word of ['ping', 'pong', 'done']) {
      await client.send(written(word, true));
      await assertComes(server, word, true);
      await server.send(written(word, true));
      await assertComes(client, word, true);
    }
  });
});
