// SPDX-License-Identifier: MIT
// Who the client is, told by a PROXY header: read from those that may send it, asked of
// them, and refused from all others (SECURITY T23).

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { frame, OPCODE, readFrame, upgradeRequest, leave } from './support/frames.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { SIGNATURE, tlv, v1, v2, v2Raw, v2Unix } from './support/proxy_header.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';

const GET = requestText('GET', '/');

function listening(backend, block = 'from: [127.0.0.0/8]', more = '') {
  return ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { ${block} } }]
${more}
${forwardTo(backend)}`;
}

async function start(t, block, more) {
  const backend = await httpBackend(t);
  return { backend, wherry: await startWherry(t, listening(backend, block, more)) };
}

/** To be asked before anything is sent: once it is reset, a socket knows it no more. */
function nameOf(peer) {
  return `${peer.socket.localAddress}:${peer.socket.localPort}`;
}

async function seen(peer, text = GET) {
  const response = await exchange(peer, text);
  assert.equal(response.status, 200);
  return JSON.parse(response.body).headers;
}

const SEVEN = { from: '192.0.2.7', fromPort: 1234 };
const NAMING = [
  ['v1 over IPv4', v1(SEVEN), '192.0.2.7:1234', '192.0.2.7'],
  ['v1 over IPv6', v1({ from: '2001:db8::7', to: '2001:db8::1', fromPort: 1 }), '[2001:db8::7]:1', '2001:db8::7'],
  ['v2 over IPv4', v2(SEVEN), '192.0.2.7:1234', '192.0.2.7'],
  ['v2 over IPv6', v2({ from: '2001:db8::7', to: '2001:db8::1', fromPort: 1 }), '[2001:db8::7]:1', '2001:db8::7'],
  ['v2 with entries', v2(SEVEN, [tlv(2, 'a.test'), tlv(4, 'xx'), tlv(0xe5, '')]), '192.0.2.7:1234', '192.0.2.7'],
  ['v2 of a UNIX socket', v2Unix('/run/x.sock', ''), 'unix:/run/x.sock', 'unix:/run/x.sock'],
  ['v2 of a path that would split a header', v2Unix('/x\r\nA: b, 9.9.9.9', ''), /^unix:\/x\?\?A:\?b\?\?9/, 'unix:/x??A:?b??9.9.9.9'],
];

test('a PROXY header names the client', async (t) => {
  const { wherry } = await start(t);
  for (const [name, header, peerText, client] of NAMING) {
    await t.test(name, async (t) => {
      const peer = await connect(t, wherry.port);
      await peer.send(header);
      const headers = await seen(peer);
      assert.equal(headers['x-forwarded-for'], client);
      const line = await wherry.accessLine({ client, peer: peerText });
      assert.equal(line.bytes_in, GET.length, 'the header is no part of the request');
    });
  }
});

test('a PROXY header without addresses leaves the peer as it is', async (t) => {
  const { wherry } = await start(t);
  const rows = [
    Buffer.from('PROXY UNKNOWN\r\n'),
    Buffer.from('PROXY UNKNOWN whatever stands here\r\n'),
    v2Raw(0, 0x00),
    v2Raw(0, 0x11, v2().subarray(16)),
    v2Raw(1, 0x00, Buffer.from('xyz')),
  ];
  for (const header of rows) {
    const peer = await connect(t, wherry.port);
    const name = nameOf(peer);
    await peer.send(header);
    assert.equal((await seen(peer))['x-forwarded-for'], '127.0.0.1');
    await wherry.accessLine({ peer: name, status: 200 });
    peer.destroy();
  }
});

for (const [name, header] of [['v1', v1(SEVEN)], ['v2', v2(SEVEN, [tlv(4, 'padding')])]]) {
  test(`${name} arrives as it may`, async (t) => {
    const { wherry } = await start(t);
    const whole = Buffer.concat([header, Buffer.from(GET)]);
    const check = async (response) => {
      assert.equal(response.status, 200);
      assert.equal(JSON.parse(response.body).headers['x-forwarded-for'], '192.0.2.7');
    };

    await t.test('in one piece with the request, and the client is kept for those behind', async (t) => {
      const peer = await connect(t, wherry.port);
      await peer.send(whole);
      await check(await readResponse(peer));
      for (let i = 0; i < 3; i++) await check(await exchange(peer, GET));
      await peer.send(GET + GET);
      await check(await readResponse(peer));
      await check(await readResponse(peer));
    });

    await t.test('with several requests and the end behind it', async (t) => {
      const peer = await connect(t, wherry.port);
      peer.socket.end(Buffer.concat([whole, Buffer.from(GET)]));
      await check(await readResponse(peer));
      await check(await readResponse(peer));
      await peer.over();
    });

    await t.test('byte by byte', async (t) => {
      const peer = await connect(t, wherry.port);
      await peer.sendByteByByte(whole.toString('latin1'));
      await check(await readResponse(peer));
    });

    await t.test('cut in two anywhere', async (t) => {
      for (let at = 1; at < whole.length; at += 3) {
        const peer = await connect(t, wherry.port);
        await peer.send(whole.subarray(0, at));
        await new Promise(setImmediate);
        await peer.send(whole.subarray(at));
        await check(await readResponse(peer));
        peer.destroy();
      }
    });
  });
}

const BAD = [
  ['a request without it', GET, 'does not begin with a PROXY header'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01', 'does not begin with a PROXY header'],
  ['v1 of UDP', 'PROXY UDP4 1.1.1.1 1.1.1.1 1 2\r\n', 'v1: protocol is none of TCP4, TCP6, UNKNOWN'],
  ['v1 with a bad port', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 70000\r\n', 'v1: bad port'],
  ['v1 without its end', `PROXY UNKNOWN ${'x'.repeat(200)}`, 'v1: longer than 107 bytes'],
  ['v2 of version 3', Buffer.concat([SIGNATURE, Buffer.of(0x31, 0x11, 0, 12)]), 'v2: version is not 2'],
  ['v2 of 64 KiB', v2Raw(1, 0x11, Buffer.alloc(0), 65535), 'v2: longer than 4096 bytes'],
  ['v2 too short for its addresses', v2Raw(1, 0x21, Buffer.alloc(12)), 'v2: too short for its addresses'],
  ['v2 with an entry that leaves it', v2({}, [Buffer.of(2, 0, 9, 1, 2)]), 'v2: entry is longer than the header'],
  ['v2 with half an entry', v2({}, [tlv(2, '1234'), Buffer.of(71)]), 'v2: entry is longer than the header'],
  ['v2 with a wrong checksum', v2({}, [tlv(3, '\0\0\0\0')]), 'v2: wrong checksum'],
];

test('a bad PROXY header is closed without an answer', async (t) => {
  const { wherry, backend } = await start(t);
  for (const [name, bytes, detail] of BAD) {
    await t.test(name, async (t) => {
      const peer = await connect(t, wherry.port);
      const from = nameOf(peer);
      await peer.send(Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.from(GET)])).catch(() => {});
      assert.equal((await peer.readToEnd()).toString(), '');
      const line = await wherry.accessLine({ peer: from });
      assert.equal(line.reason, 'proxy_header');
      assert.equal(line.detail, detail);
      assert.equal(line.status, 0);
      assert.equal(line.ended_by, 'wherry');
    });
  }
  assert.equal(backend.requests.length, 0);
});

test('a header that ends within itself', async (t) => {
  const { wherry } = await start(t);
  const peer = await connect(t, wherry.port);
  peer.socket.end(v2().subarray(0, 20));
  assert.equal((await peer.readToEnd()).length, 0);
  await wherry.accessLine({ reason: 'proxy_header', detail: 'ended within the header' });
});

for (const [what, bytes] of [['half a header', v2().subarray(0, 20)], ['no byte at all', '']]) {
  test(`the deadline passes after ${what}`, async (t) => {
    const { wherry } = await start(t, 'from: [127.0.0.0/8], timeout: 300ms');
    const peer = await connect(t, wherry.port);
    const name = nameOf(peer);
    await peer.send(bytes);
    assert.equal((await peer.readToEnd()).length, 0);
    await wherry.accessLine({
      peer: name,
      reason: 'proxy_header',
      detail: 'not complete within proxy_protocol.timeout',
    });
  });
}

test('the deadline ends with the header', async (t) => {
  const { wherry } = await start(t, 'from: [127.0.0.0/8], timeout: 2s');
  const peer = await connect(t, wherry.port);
  await peer.send(v1(SEVEN));
  await pause(3000);
  assert.equal((await seen(peer))['x-forwarded-for'], '192.0.2.7');
});

test('sources that are not named are refused, with one line each', async (t) => {
  const { wherry, backend } = await start(t, 'from: [127.0.0.2, 127.0.1.0/24]');
  for (const localAddress of ['127.0.0.1', '127.0.0.3', '127.0.2.1']) {
    const peer = await connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });
    const from = nameOf(peer);
    await peer.send(Buffer.concat([v1(SEVEN), Buffer.from(GET)])).catch(() => {});
    assert.equal((await peer.readToEnd()).length, 0);
    const line = await wherry.accessLine({ peer: from });
    assert.equal(line.reason, 'proxy_source');
    assert.equal(line.status, 0);
    assert.equal(wherry.accessLines.filter((each) => each.peer === from).length, 1);
  }
  assert.equal(backend.requests.length, 0);
  for (const localAddress of ['127.0.0.2', '127.0.1.9']) {
    const peer = await connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });
    await peer.send(v1(SEVEN));
    assert.equal((await seen(peer))['x-forwarded-for'], '192.0.2.7');
  }
});

test('a listener that was not told to takes no PROXY header', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  for (const header of [v1(), v2()]) {
    const peer = await connect(t, wherry.port);
    await peer.send(Buffer.concat([header, Buffer.from(GET)]));
    assert.equal((await readResponse(peer)).status, 400);
    await peer.over();
  }
  assert.equal(backend.requests.length, 0);
});

test('trusted_proxies looks at the client that the header names', async (t) => {
  const { wherry } = await start(t, undefined, 'trusted_proxies: [192.0.2.0/24, 127.0.0.0/8]');
  const ask = async (header) => {
    const peer = await connect(t, wherry.port);
    await peer.send(header);
    return (await seen(peer, requestText('GET', '/', ['X-Forwarded-For: 203.0.113.5'])))['x-forwarded-for'];
  };
  assert.equal(await ask(v1(SEVEN)), '203.0.113.5, 192.0.2.7');
  assert.equal(await ask(v1({ from: '198.51.100.1' })), '198.51.100.1');
  await wherry.accessLine({ client: '203.0.113.5', peer: '192.0.2.7:1234' });
});

test('limits.per_source counts the client that the header names', async (t) => {
  const { wherry } = await start(t, undefined, 'limits: { per_source: 2, exempt: [] }');
  const open = async (from) => {
    const peer = await connect(t, wherry.port);
    await peer.send(v2({ from }));
    const response = await exchange(peer, GET);
    return { peer, status: response.status };
  };
  const first = await open('192.0.2.1');
  assert.equal(first.status, 200);
  assert.equal((await open('192.0.2.1')).status, 200);
  assert.equal((await open('192.0.2.1')).status, 429);
  for (let i = 2; i < 6; i++) assert.equal((await open(`192.0.2.${i}`)).status, 200);
  first.peer.destroy();
  await eventually(async () => (await open('192.0.2.1')).status === 200, 'a place becomes free');
});

test('refusals behind a PROXY header are answered for a few at once alone', async (t) => {
  const { wherry } = await start(t, undefined, 'workers: 1\nlimits: { per_source: 1, exempt: [] }');
  const first = await connect(t, wherry.port);
  await first.send(v2({ from: '192.0.2.1' }));
  assert.equal((await exchange(first, GET)).status, 200);
  const peers = [];
  for (let i = 0; i < 200; i++) peers.push(await connect(t, wherry.port));
  // All headers at once, so that the answers are still waiting for their readers.
  await Promise.all(peers.map((peer) => peer.send(v2({ from: '192.0.2.1' }))));
  await Promise.all(peers.map((peer) => peer.over()));
  const answered = peers.filter((peer) => peer.peek().toString('latin1').startsWith('HTTP/1.1 429'));
  assert.ok(answered.length > 0 && answered.length < 200, `${answered.length} answers`);
  await eventually(() => /connections closed without an answer/.test(wherry.stderr), 'the log says so');
});

test('WebSocket behind a PROXY header', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, listening(backend));
  const peer = await connect(t, wherry.port);
  const request = upgradeRequest();
  const message = frame(OPCODE.text, 'hello', { mask: true });
  await peer.send(Buffer.concat([v2(SEVEN), Buffer.from(request)]));
  assert.equal((await readResponse(peer)).status, 101);
  await peer.send(message);
  assert.equal((await readFrame(peer)).payload.toString(), 'hello');
  await leave(peer, { mask: true });
  const line = await wherry.accessLine({ status: 101, peer: '192.0.2.7:1234', client: '192.0.2.7' });
  const close = 8; // a masked Close with a code
  assert.equal(line.bytes_in, request.length + message.length + close, 'without the header');
});

test('a UNIX listener lets in what "unix" names', async (t) => {
  const path = join(temporaryDirectory(t), 'front.sock');
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `workers: 2
listeners: [{ address: "unix:${path}", proxy_protocol: { from: [unix] } }]
${forwardTo(backend)}`, { probe: path });
  for (let i = 0; i < 4; i++) {
    const peer = await connect(t, path);
    await peer.send(v1(SEVEN));
    assert.equal((await seen(peer))['x-forwarded-for'], '192.0.2.7');
  }
  const local = await connect(t, path);
  await local.send('PROXY UNKNOWN\r\n');
  await seen(local);
  const bad = await connect(t, path);
  await bad.send(GET);
  assert.equal((await bad.readToEnd()).length, 0);
  await wherry.accessLine({ peer: 'unix:', reason: 'proxy_header' });
});
