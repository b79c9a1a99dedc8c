// SPDX-License-Identifier: MIT
// Requests sent ahead are answered one after the other, in order, none before its turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('pipelined requests are answered in order', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const targets = Array.from({ length: 50 }, (_, i) => `/${i}`);
  const text = targets.map((target) => requestText('POST', target, { 'Content-Length': 4 }, 'body')).join('');
  for (const send of ['send', 'sendByteByByte']) {
    const peer = await connect(t, wherry.port);
    const sending = peer[send](text);
    for (const target of targets) {
      const seen = JSON.parse((await readResponse(peer)).body);
      assert.deepEqual([seen.url, seen.body], [target, 'body']);
    }
    await sending;
  }
});

test('the next pipelined request waits for the answer to the one before', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const client = await connect(t, wherry.port);
  await client.send(requestText('GET', '/first') + requestText('GET', '/second'));

  const server = await backend.peer();
  assert.equal((await readRequest(server)).target, '/first');
  await server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nha');
  await client.readUntil('ha');
  assert.equal(server.length, 0, 'the second did not come with the first still open');
  assert.equal(backend.peers.length, 1, 'nor on another connection');
  await server.send('lf!!');
  assert.equal((await client.readExactly(4)).toString(), 'lf!!');

  assert.equal((await readRequest(server)).target, '/second');
  await server.send(responseText(200, {}, 'two'));
  assert.equal((await readResponse(client)).body.toString(), 'two');
});

test('a flood of pipelined requests is held back, not hoarded', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const client = await connect(t, wherry.port);
  const block = requestText('GET', '/flood').repeat(1000);
  let taken = 0;
  const push = () => {
    while (taken < 512 && client.socket.write(block)) taken++;
  };
  client.socket.on('drain', push);
  push();
  const server = await backend.peer();
  for (let i = 0; i < 50; i++) {
    assert.equal((await readRequest(server)).target, '/flood');
    assert.equal(server.length, 0);
    await server.send(responseText(200, {}, String(i)));
    assert.equal((await readResponse(client)).body.toString(), String(i));
  }
});
