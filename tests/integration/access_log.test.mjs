// SPDX-License-Identifier: MIT
// One line at the end of every request and every WebSocket, in JSON or text, that no client
// can break or forge.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { closeFrame, frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('a request', async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('x'.repeat(1000)));
  const wherry = await startWherry(t, forwardTo(backend, 'name: everything'));
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('POST', '/path?query=1', { 'Content-Length': 500 }, 'y'.repeat(500)));
  await exchange(peer, requestText('GET', '/second'));

  const line = await wherry.accessLine({ method: 'POST' });
  assert.equal(line.host, 'a.test');
  assert.match(line.path, /^\/path/);
  assert.equal(line.status, 200);
  assert.match(line.peer, /^127\.0\.0\.1/);
  assert.match(line.upstream, new RegExp(String(backend.port)));
  assert.equal(line.route, 'everything');
  assert.equal(line.reason, 'done');
  assert.ok(line.bytes_in >= 500 && line.bytes_in < 1500, `bytes_in ${line.bytes_in}`);
  assert.ok(line.bytes_out >= 1000 && line.bytes_out < 2000, `bytes_out ${line.bytes_out}`);
  assert.ok(line.duration_ms >= 0 && line.duration_ms < 60_000);
  const second = await wherry.accessLine({ path: '/second' });
  assert.ok(line.id !== undefined && second.id !== undefined);
});

test('a WebSocket', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, server } = await openPair(t, wherry, backend, { client: { path: '/ws/room' } });
  for (let i = 0; i < 3; i++) {
    await client.send(frame(OPCODE.text, 'up', { mask: true }));
    await readFrame(server);
  }
  await server.send(Buffer.concat([
    frame(OPCODE.text, 'one ', { fin: false }), frame(OPCODE.ping, ''), frame(OPCODE.continuation, 'message'),
  ]));
  await client.readExactly(frame(OPCODE.text, 'one ').length + 2 + frame(OPCODE.text, 'message').length);
  await client.send(closeFrame(4321, 'bye', { mask: true }));
  await readFrame(server);
  server.socket.end(closeFrame(4321));
  const line = await wherry.accessLine({ path: '/ws/room' });
  assert.deepEqual(
    [line.status, line.messages_in, line.messages_out, line.ended_by, line.close_code],
    [101, 3, 1, 'client', 4321]);
});

const HOSTILE = [
  'GET /%22quote HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /"quote HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /a\\b HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /\x1b[31mred HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /\xff\xfe HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /a\nb HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'G"ET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a"b\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: "},{"status":200\x7f\xe9\r\nReferer: \\x"\r\n\r\n',
  `GET /${'long'.repeat(1500)} HTTP/1.1\r\nHost: a.test\r\n\r\n`,
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

for (const format of ['json', 'text']) {
  test(`hostile bytes in ${format}`, async (t) => {
    const backend = await httpBackend(t);
    const wherry = await startWherry(t, `log: { format: ${format} }\n${forwardTo(backend)}`);
    for (const text of HOSTILE) {
      const peer = await connect(t, wherry.port);
      await peer.send(text);
      peer.end();
      await peer.closed();
    }
    await exchange(await connect(t, wherry.port), requestText('GET', '/the-last'));
    await wherry.textLine(/the-last/);
    for (const line of wherry.textLines) {
      assert.match(line, /^[\x20-\x7e]+$/, 'printable ASCII alone');
      assert.ok(line.length < 16_384, 'bounded');
      if (format === 'json') assert.equal(typeof JSON.parse(line), 'object');
      else assert.match(line, /\bstatus=\d/);
    }
  });
}

test('secrets are not logged', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `log: { format: json, level: debug }\n${forwardTo(backend)}`);
  const fields = { Authorization: 'Bearer hunter2', Cookie: 'session=hunter2' };
  const { client, server } = await openPair(t, wherry, backend, { client: { path: '/ws?token=hunter2', fields } });
  client.destroy();
  await leave(server, { mask: false });
  await wherry.accessLine({ status: 101 });
  assert.doesNotMatch(wherry.textLines.join('\n') + wherry.stderr, /Bearer|session=|hunter2/);
});

test('log.access: off writes none', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `log: { format: json, access: off }\n${forwardTo(backend)}`);
  await exchange(await connect(t, wherry.port), requestText('GET', '/'));
  wherry.signal('SIGTERM');
  await wherry.ended();
  assert.deepEqual(wherry.textLines, []);
});
