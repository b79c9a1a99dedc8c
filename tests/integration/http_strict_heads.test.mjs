// SPDX-License-Identifier: MIT
// Heads beyond the corpus: fields that may stand once, hosts, lengths, codings, chunk sizes and
// limits, each spelled in many ways. What is refused reaches no backend.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const raw = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const get = (...lines) => raw('GET / HTTP/1.1', 'Host: a.test', ...lines);
const post = (field, body) => raw('POST / HTTP/1.1', 'Host: a.test', field) + body;
const chunked = (body) => post('Transfer-Encoding: chunked', body);

const twice = [
  'Content-Type: text/plain', 'Authorization: Basic eA==', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13', 'Origin: http://a.test', 'X-Request-Id: 1',
].map((line) => [`${line.split(':')[0]} twice`, get(line, line)]);

const REFUSED = {
  'fields that may stand once': [
    ...twice,
    ['Host twice', get('Host: a.test')],
    ['Host twice, other case', get('hOST: b.test')],
  ],
  hosts: [
    'a.test, b.test', 'a.test b.test', 'user@a.test', 'a.test/path', 'a.test?x', 'a.test#x', 'a.test:', 'a.test:port',
    'a.test:99999', 'a.test:-1', '[::1', '::1', '[not-v6]', 'a.test:80:80', '"a.test"', 'a\\test', '',
  ].map((host) => [JSON.stringify(host), raw('GET / HTTP/1.1', `Host: ${host}`)]),
  lengths: [
    '+1', '-1', '1 1', '1,1', '1, 1', '0x1', '1e0', '1.0', '01x', ' ', '"1"', '９', '9223372036854775808', '99999999999999999999',
  ].map((value) => [JSON.stringify(value), post(`Content-Length: ${Buffer.from(value).toString('latin1')}`, 'x')]),
  codings: [
    'identity', 'chunked, chunked', 'chunked, identity', 'identity, chunked', 'gzip, chunked', 'chunked, gzip', ' chunked;q=1',
    'chunked;', 'chunke', 'chunked\0', 'ch\tunked', 'deflate', 'x', '', ',', 'chunked,', ',chunked', '"chunked"', "'chunked'", '\x0bchunked',
  ].map((value) => [JSON.stringify(value), post(`Transfer-Encoding: ${value}`, '0\r\n\r\n')]),
  'length and coding together': [
    'transfer-encoding: chunked\r\nContent-Length: 0', 'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: \r\nContent-Length: 5', 'Content-Length: 5\r\nTransfer-Encoding: identity',
  ].map((fields) => [JSON.stringify(fields), post(fields, '0\r\n\r\n')]),
  'chunk sizes': [
    '', ' 2', '2 ', '+2', '-2', '0x2', '2x', 'g', '2\t', '2 ;x', '"2"', '00000000000000002', 'fffffffffffffffff', '8000000000000000',
    `2;${'x'.repeat(300)}`, '2;a\0', '2;\x7f',
  ].map((size) => [JSON.stringify(size.slice(0, 20)), chunked(`${size}\r\nab\r\n0\r\n\r\n`)]),
  'chunk ends': ['abX0\r\n\r\n', 'ab\n0\r\n\r\n', 'ab\r0\r\n\r\n', 'ab\r\n\r\n', 'abc\r\n0\r\n\r\n', 'ab\r\n0\n\r\n', 'ab\r\n0\r\n\n']
    .map((rest) => [JSON.stringify(rest), chunked(`2\r\n${rest}`)]),
  'request lines': [
    'GET  / HTTP/1.1', 'GET /  HTTP/1.1', ' GET / HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET / HTTP/1.1 ', 'GET / http/1.1', 'GET /', 'GET',
    'G(T / HTTP/1.1', 'GET / HTTP/1.1.1', 'GET / HTTP/+1.1', 'GET // HTTP/9.9', 'GET ?a HTTP/1.1', 'GET a.test:80 HTTP/1.1',
    'GET http:///x HTTP/1.1', 'GET ftp://a.test/ HTTP/1.1', 'GET /\x7f HTTP/1.1', 'GET /<> HTTP/2', 'TRACE',
  ].map((line) => [JSON.stringify(line), raw(line, 'Host: a.test')]),
  'header lines': [
    'X', ':', ': v', ' X: v', '\tX: v', 'X : v', 'X\t: v', 'X Y: v', 'X: a\0b', 'X: a\rb', 'X: a\nb', 'X: a\x0bb', 'X: a\x7fb', 'X\x80: v',
    'X: a\r\n b', 'X: a\r\n\tb', 'X@: v', 'X"Y": v',
  ].map((line) => [JSON.stringify(line), get(line)]),
  limits: [
    ['101 fields', get(...Array.from({ length: 101 }, (_, i) => `X-${i}: v`))],
    ['a line of 9 KiB', get(`X: ${'a'.repeat(9 * 1024)}`)],
    ['33 KiB in all', get(...Array.from({ length: 9 }, (_, i) => `X-${i}: ${'a'.repeat(4000)}`))],
    ['a target of 9 KiB', raw(`GET /${'a'.repeat(9 * 1024)} HTTP/1.1`, 'Host: a.test')],
    ['a name of 9 KiB', get(`${'X'.repeat(9 * 1024)}: v`)],
  ],
};

test('heads that are refused', async (t) => {
  const requests = [];
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer).catch(() => null);
      if (!request) return void peer.end();
      requests.push(request);
      await peer.send(responseText(200));
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  for (const [group, rows] of Object.entries(REFUSED)) {
    await t.test(group, async () => {
      for (const [name, text] of rows) {
        for (const send of text.length < 2000 ? ['send', 'sendByteByByte'] : ['send']) {
          const peer = await connect(t, wherry.port);
          const sending = peer[send](text);
          const response = await readResponse(peer);
          assert.ok([400, 414, 431, 501, 505].includes(response.status), `${name}: ${response.status}`);
          assert.equal(response.headers.get('connection'), 'close', name);
          await sending;
          peer.end();
          await peer.over();
        }
      }
      assert.deepEqual(requests, []);
    });
  }
});

test('heads at the limits are accepted', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      await readRequest(peer);
      await peer.send(responseText(200));
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  for (const [name, text] of [
    ['99 fields and Host', get(...Array.from({ length: 99 }, (_, i) => `X-${i}: v`))],
    ['a line of 8000 bytes', get(`X: ${'a'.repeat(7990)}`)],
    ['30 KiB in all', get(...Array.from({ length: 10 }, (_, i) => `X-${i}: ${'a'.repeat(3000)}`))],
    ['a target of 8000 bytes', raw(`GET /${'a'.repeat(7980)} HTTP/1.1`, 'Host: a.test')],
    ['an empty value', get('X:')],
    ['bytes above 0x80 in a value', get('X: \xe9\xff')],
    ['an unusual method', raw('PROPFIND / HTTP/1.1', 'Host: a.test')],
    ['one empty line before', `\r\n${get()}`],
  ]) {
    const response = await exchange(await connect(t, wherry.port), text);
    assert.equal(response.status, 200, name);
  }
});

test('a response head beyond the limits is a 502', async (t) => {
  let head = '';
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send(head);
  });
  const wherry = await startWherry(t, forwardTo(backend));
  for (const fields of [
    Array.from({ length: 101 }, (_, i) => `X-${i}: v`),
    Array.from({ length: 9 }, (_, i) => `X-${i}: ${'a'.repeat(4000)}`),
    ['Content-Length: 1', 'Content-Length: 1'],
    ['Content-Length: +1'],
    ['Transfer-Encoding: gzip, chunked'],
    ['X : v'],
    [' folded: v'],
  ]) {
    head = raw('HTTP/1.1 200 OK', ...fields);
    const response = await exchange(await connect(t, wherry.port), requestText('POST', '/', { 'Content-Length': 0 }));
    assert.equal(response.status, 502, fields[0]);
  }
});
