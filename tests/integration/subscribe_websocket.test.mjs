// SPDX-License-Identifier: MIT
// Subscriptions over WebSockets: raw and in envelopes, publishing, resuming, and closes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startMachines, testOnce } from './support/brokers.mjs';
import { OPCODE, closeFrame, frame, openWebSocket, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { feedRoute } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const masked = { mask: true };
const ENVELOPE = { protocols: ['wherry.v1'] };

const json = async (client) => JSON.parse(await client.text());

/** Sends, and waits until all of them, itself included, have it. */
async function tell(from, all, text, options) {
  await from.send(text, options);
  for (const client of all) assert.equal(await client.text(), text);
}

test('everyone in a room gets what anyone of it says, as it was', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute());
  const room = await Promise.all([wherry, elsewhere, wherry].map(({ webSocketUrl }) => connectWebSocket(t, `${webSocketUrl}/feed/a`)));
  const other = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/b`);
  await tell(room[0], room, 'hello');
  await tell(room[1], room, '');
  await room[2].send(Buffer.from([0xff, 0, 1]));
  for (const client of room) {
    const { data, isBinary } = await client.message();
    assert.deepEqual([...data, isBinary], [0xff, 0, 1, true]);
  }
  const long = 'é'.repeat(30_000);
  await tell(room[0], room, long);
  await tell(other, [other], 'alone');
  assert.equal(room[0].messages.length, 0);
});

test('envelopes say what is known of a message, and are strict', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute());
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/caf%C3%A9`, ENVELOPE);
  const raw = await connectWebSocket(t, `${elsewhere.webSocketUrl}/feed/caf%C3%A9`);
  assert.equal(client.socket.protocol, 'wherry.v1');
  assert.equal(raw.socket.protocol, '');

  await t.test('JSON stays JSON', async () => {
    await client.send('{"data": {"a": [1.50, null]}, "channel": "feed:café"}');
    assert.equal(await raw.text(), '{"a": [1.50, null]}');
    const { id, ...rest } = await json(client);
    assert.match(id, /^\d{16,20}$/);
    assert.deepEqual(rest, { channel: 'feed:café', event: 'message', data: { a: [1.5, null] } });
  });

  await t.test('text is a string, bytes are base64', async () => {
    await raw.send('not JSON "at all"');
    assert.equal((await json(client)).data, 'not JSON "at all"');
    await client.send('{"data64": "/wAB"}');
    assert.deepEqual((await json(client)).data64, '/wAB');
    assert.equal(await raw.text(), 'not JSON "at all"');
    assert.deepEqual([...(await raw.message()).data], [0xff, 0, 1]);
  });

  const BAD = [
    ['no JSON', 'hello', 'a message that is no JSON object'],
    ['an unknown member', '{"data": 1, "event": "gap"}', /unknown member/],
    ['another channel', '{"data": 1, "channel": "feed:other"}', /channel that it has not subscribed/],
  ];
  for (const [name, text, detail] of BAD) {
    await t.test(`refused: ${name}`, async () => {
      const bad = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/bad`, ENVELOPE);
      await bad.send(text);
      assert.deepEqual(await bad.closed(), { code: 1008, reason: 'policy' });
      const line = await wherry.accessLine({ detail: typeof detail === 'string' ? detail : detail });
      assert.deepEqual([line.status, line.reason, line.close_code, line.messages_in], [101, 'policy', 1008, 1]);
    });
  }
});

test('a client goes on behind the last id that it had', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute('history: { messages: 5, age: 1h, bytes: 1MiB }'));
  const first = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`, ENVELOPE);
  const url = `${elsewhere.webSocketUrl}/feed/a`;
  const ids = [];
  for (let i = 0; i < 8; i++) {
    await first.send(`{"data": ${i}}`);
    ids.push((await json(first)).id);
  }
  assert.deepEqual([...ids].sort(), ids);

  await t.test('with all that it missed', async () => {
    const again = await connectWebSocket(t, `${url}?last_event_id=${ids[4]}`, ENVELOPE);
    for (const i of [5, 6, 7]) {
      const { id, data, event } = await json(again);
      assert.deepEqual([id, data, event], [ids[i], i, 'message']);
    }
    await first.send('{"data": "new"}');
    assert.equal((await json(again)).data, 'new');
    assert.equal((await json(first)).data, 'new');
  });

  await t.test('behind a gap, if some are not there any more', async () => {
    const again = await connectWebSocket(t, `${url}?last_event_id=${ids[0]}`, ENVELOPE);
    const gap = await json(again);
    assert.deepEqual([gap.event, gap.channel], ['gap', 'feed:a']);
    for (const data of [4, 5, 6, 7, 'new']) assert.equal((await json(again)).data, data);
  });

  await t.test('an id that is not ours is a gap', async () => {
    const again = await connectWebSocket(t, `${url}?last_event_id=abc`, ENVELOPE);
    assert.equal((await json(again)).event, 'gap');
    assert.equal((await json(again)).data, 4);
  });

  await t.test('raw clients resume, too', async () => {
    const raw = await connectWebSocket(t, `${url}?last_event_id=${ids[6]}`);
    assert.equal(await raw.text(), '7');
    assert.equal(await raw.text(), '"new"');
  });
});

test('a new client begins where the route says', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute('start: history'));
  const first = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  await tell(first, [first], 'one');
  await tell(first, [first], 'two');
  const second = await connectWebSocket(t, `${elsewhere.webSocketUrl}/feed/a`);
  assert.equal(await second.text(), 'one');
  assert.equal(await second.text(), 'two');
});

test('one subscription to several channels', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, `
routes:
  - match: { path: /both/ }
    subscribe: { channel: ["a:{query.a}", "b", "b"], publish: true }
  - match: { path: /b }
    subscribe: { channel: b, publish: true }
`);
  const both = await connectWebSocket(t, `${wherry.webSocketUrl}/both/?a=1`, ENVELOPE);
  const b = await connectWebSocket(t, `${elsewhere.webSocketUrl}/b`);
  await b.send('from b');
  assert.equal(await b.text(), 'from b');
  const first = await json(both);
  assert.deepEqual([first.channel, first.data], ['b', 'from b']);
  await both.send('{"data": 1}');
  const second = await json(both);
  assert.deepEqual([second.channel, second.data], ['a:1', 1]);
  await both.send('{"channel": "b", "data": 2}');
  assert.equal(await b.text(), '2');

  await t.test('a name without its value is refused', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, upgradeRequest('/both/'));
    assert.equal(response.status, 400);
    assert.match(response.body.toString(), /the request has no value for {query.a}/);
  });
});

testOnce('limits for those who publish', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /mute }, subscribe: { channel: a } }
  - { match: { path: /short }, subscribe: { channel: a, publish: true, max_message: 10B } }
  - { match: { path: /slow }, subscribe: { channel: a, publish: true, rate: 2/h } }
`);
  const ENDS = [
    ['/mute', ['x'], { code: 1008, reason: 'policy' }, 'this route takes no messages (publish)'],
    ['/short', ['12345678901'], { code: 1009, reason: 'too_big' }, /.*/],
    ['/slow', ['1', '2', '3', '4', '5'], { code: 1008, reason: 'policy' }, 'more messages than allowed (rate)'],
  ];
  for (const [path, messages, end, detail] of ENDS) {
    await t.test(path, async () => {
      const client = await connectWebSocket(t, `${wherry.webSocketUrl}${path}`);
      for (const message of messages) await client.send(message).catch(() => {});
      assert.deepEqual(await client.closed(), end);
      await wherry.accessLine({ close_code: end.code, detail, path });
    });
  }
});

testOnce('frames', async (t) => {
  const wherry = await startWherry(t, `${feedRoute()}
  - { match: { path: /pinged }, subscribe: { channel: pinged, ping: 200ms, ping_timeout: 300ms } }
`);
  const open = (more = {}) => openWebSocket(t, wherry, { path: '/feed/a', ...more });

  await t.test('pings are answered, with what they say', async () => {
    const peer = await open();
    await peer.send(frame(OPCODE.ping, 'are you there', masked));
    const answer = await readFrame(peer);
    assert.deepEqual([answer.opcode, answer.payload.toString(), answer.isMasked], [OPCODE.pong, 'are you there', false]);
  });

  await t.test('a message in fragments, with a ping between them, and frames behind the handshake', async () => {
    const peer = await open({ early: Buffer.concat([
      frame(OPCODE.text, 'one, ', { ...masked, fin: false }), frame(OPCODE.ping, 'p', masked),
      frame(OPCODE.continuation, 'two', masked)]) });
    assert.equal((await readFrame(peer)).opcode, OPCODE.pong);
    assert.equal((await readFrame(peer)).payload.toString(), 'one, two');
  });

  await t.test('who answers no ping is cut', async () => {
    const peer = await open({ path: '/pinged' });
    assert.equal((await readFrame(peer)).opcode, OPCODE.ping);
    await peer.over();
    await wherry.accessLine({ reason: 'client_timeout' });
  });

  await t.test('its Close is answered by the same code, then the end', async () => {
    const peer = await open();
    await peer.send(closeFrame(3456, 'bye', masked));
    const answer = await readFrame(peer);
    assert.deepEqual([answer.opcode, answer.code], [OPCODE.close, 3456]);
    await peer.over();
    await wherry.accessLine({ reason: 'client_closed', close_code: 3456, ended_by: 'client' });
  });

  await t.test('who just goes is a reset', async () => {
    const peer = await open();
    peer.socket.end();
    await peer.over();
    await wherry.accessLine({ reason: 'client_reset', ended_by: 'client' });
  });

  const BAD = [
    ['an unmasked frame', frame(OPCODE.text, 'x'), 1002],
    ['a reserved opcode', frame(3, 'x', masked), 1002],
    ['text that is not UTF-8', frame(OPCODE.text, Buffer.from([0xff]), masked), 1007],
    ['a Close with a bad code', closeFrame(1005, '', masked), 1002],
    ['a flood of pings', Buffer.concat(Array(200).fill(frame(OPCODE.ping, '', masked))), 1008],
  ];
  for (const [name, bytes, code] of BAD) {
    await t.test(name, async () => {
      const peer = await open();
      await peer.send(bytes);
      let answer = await readFrame(peer);
      while (answer.opcode !== OPCODE.close) answer = await readFrame(peer);
      assert.equal(answer.code, code);
      peer.socket.end();
      await peer.over();
    });
  }
});

testOnce('handshakes that are none', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /sse }, subscribe: { channel: a, transports: [sse] } }
  - { match: { path: / }, subscribe: { channel: a, transports: [websocket] } }
`);
  const ROWS = [
    ['no key', upgradeRequest('/', { 'Sec-WebSocket-Key': undefined }), 400],
    ['another version', upgradeRequest('/', { 'Sec-WebSocket-Version': '8' }), 426],
    ["another site's page", upgradeRequest('/', { Origin: 'http://evil.test' }), 403],
    ['a route without WebSockets', upgradeRequest('/sse'), 403],
  ];
  for (const [name, text, status] of ROWS) {
    await t.test(name, async () => {
      const peer = await connect(t, wherry.port);
      assert.equal((await exchange(peer, text)).status, status);
    });
  }
});
