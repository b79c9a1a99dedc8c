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
        const isChunked = fields.includes('chunked');
        await server.send(isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
        await client.readUntil(piece);
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
      await server.readUntil(piece);
    }
  });

  await t.test('a request in chunks', async () => {
    const text = requestText('POST', '/', { 'Transfer-Encoding': 'chunked' });
    const { client, server } = await open(t, wherry, backend, text);
    await readRequest(server, { body: false });
    for (const piece of PIECES) {
      await client.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      await server.readUntil(piece);
    }
  });

  await t.test('both at once, like a conversation', async () => {
    const text = requestText('POST', '/', { 'Transfer-Encoding': 'chunked' });
    const { client, server } = await open(t, wherry, backend, text);
    await readRequest(server, { body: false });
    await server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await readResponse(client, { body: false });
    for (const word of ['ping', 'pong', 'done']) {
      await client.send(`4\r\n${word}\r\n`);
      await server.readUntil(word);
      await server.send(`4\r\n${word}\r\n`);
      await client.readUntil(word);
    }
  });
});
