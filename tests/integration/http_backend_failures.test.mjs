// SPDX-License-Identifier: MIT
// A backend that refuses, vanishes or talks nonsense is a 502 for its client only.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, freePorts, startWherry } from './support/wherry.mjs';

test('a backend that does not listen', async (t) => {
  const [port] = await freePorts(1);
  const wherry = await startWherry(t, forwardTo(`http://127.0.0.1:${port}`));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 3; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/'))).status, 502);
  }
  assert.equal((await wherry.accessLine({ status: 502 })).reason, 'backend_refused');
});

const FAULTS = [
  ['closes at once', (peer) => peer.end()],
  ['resets at once', (peer) => peer.reset()],
  ['closes after half a head', async (peer) => { await peer.send('HTTP/1.1 200 OK\r\nX-A'); peer.end(); }],
  ['resets after half a head', async (peer) => { await peer.send('HTTP/1.1 200 OK\r\nX-A'); peer.reset(); }],
  ['speaks another protocol', (peer) => peer.send('220 mail.test ESMTP\r\n')],
  ['sends NUL bytes', (peer) => peer.send('\0\0\0\0\0\0\0\0\r\n\r\n')],
  ['sends a head without end', async (peer) => {
    while (!peer.isOver && !peer.socket.destroyed) await peer.send(`X-Pad: ${'a'.repeat(1000)}\r\n`);
  }],
  ['sends a 101 nobody asked for', (peer) => peer.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')],
];

test('a backend with a fault', async (t) => {
  let fault = null;
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      await readRequest(peer);
      if (fault) return void (await fault(peer));
      await peer.send(responseText(200, {}, 'fine'));
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  for (const [name, act] of FAULTS) {
    await t.test(name, async () => {
      fault = act;
      const peer = await connect(t, wherry.port);
      const response = await exchange(peer, requestText('POST', '/', { 'Content-Length': 0 }));
      assert.equal(response.status, 502);
      fault = null;
      assert.equal((await exchange(peer, requestText('GET', '/'))).body.toString(), 'fine');
    });
  }
});

test('bytes after a response never reach the next request', async (t) => {
  const backend = await scriptedBackend(t, async (peer, index) => {
    await readRequest(peer);
    await peer.send(responseText(200, {}, `own ${index}`) + responseText(200, {}, 'poison'));
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 4; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/'))).body.toString(), `own ${i}`);
  }
});

test('a client that leaves takes its backend connection along', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  for (const leave of ['reset', 'destroy']) {
    const index = backend.peers.length;
    const client = await connect(t, wherry.port);
    await client.send(requestText('GET', '/'));
    const server = await backend.peer(index);
    await readRequest(server);
    await server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.readUntil('\r\n\r\n');
    client[leave]();
    const block = `1000\r\n${'x'.repeat(4096)}\r\n`;
    while (!server.isOver && !server.socket.destroyed) await server.send(block);
    await server.over();
  }
  assert.match((await wherry.accessLine({ status: 200 })).reason, /^client_/);
});
