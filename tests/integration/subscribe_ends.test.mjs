// SPDX-License-Identifier: MIT
// Subscribers stay for hours: how they are drained, stopped, killed, reloaded and outlived by
// their tokens, on each transport.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testOnce } from './support/brokers.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { makeKey, secondsFromNow, writeKeySet } from './support/jwt.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** One of each transport, all waiting. */
async function subscribeAll(t, wherry, path, headers = {}) {
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}${path}`, { headers });
  const stream = await openEventStream(t, `${wherry.url}${path}`, headers);
  await stream.item(); // its first retry
  const waiting = poll(`${wherry.url}${path}`, { ...headers, Prefer: 'wait=20' });
  await eventually(async () => (await list(t, wherry)).length >= 3, 'three connections');
  return { socket, stream, waiting };
}

async function list(t, wherry) {
  const items = [];
  await askControl(t, wherry, { verb: 'connections', route: 'feed' }, items);
  return items;
}

async function assertEndedPolitely({ socket, stream, waiting }, code, reason) {
  assert.deepEqual(await socket.closed(), { code, reason });
  assert.equal(await stream.ended(), 'end');
  const last = stream.items.at(-1);
  assert.ok(Number(last.retry) >= 1000, JSON.stringify(last));
  assert.equal((await waiting).status, 204);
}

test('a stop ends each as its transport can', async (t) => {
  const wherry = await startWherry(t, `drain: { window: 0s, timeout: 10s }\n${feedRoute()}`);
  const all = await subscribeAll(t, wherry, '/feed/a');
  wherry.signal('SIGTERM');
  await assertEndedPolitely(all, 1001, 'shutdown');
  await wherry.ended();
  for (const status of [101, 200]) await wherry.accessLine({ status, reason: 'shutdown', ended_by: 'wherry' });
});

testOnce('a drain says its own code and words', async (t) => {
  const wherry = await startWherry(t, feedRoute());
  const all = await subscribeAll(t, wherry, '/feed/a');
  const answer = await askControl(t, wherry,
    { verb: 'drain', target: `127.0.0.1:${wherry.port}`, window: '0s', timeout: '10s', code: 1012, reason: 'elsewhere' });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  await assertEndedPolitely(all, 1012, 'elsewhere');
});

testOnce('a kill reaches whom it names', async (t) => {
  const wherry = await startWherry(t, feedRoute());
  const { socket, stream } = await subscribeAll(t, wherry, '/feed/a');
  const answer = await askControl(t, wherry, { verb: 'kill', route: 'feed', code: 4002, reason: 'go' });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  assert.deepEqual(await socket.closed(), { code: 4002, reason: 'go' });
  await stream.ended();
  for (const status of [101, 200]) await wherry.accessLine({ status, reason: 'killed' });
});

test('a reload keeps whose route is there, and closes the others', async (t) => {
  const routes = (a, b) => `
drain: { window: 0s, timeout: 300ms, reload: { window: 100ms, timeout: 5s } }
routes:
  - { match: { path: /a }, subscribe: { channel: a, publish: true, ${a} } }
${b}
`;
  const both = routes('wait: 10s', '  - { match: { path: /b }, subscribe: { channel: b } }');
  const wherry = await startWherry(t, both);
  const [a, b] = await Promise.all(['a', 'b'].map((name) => connectWebSocket(t, `${wherry.webSocketUrl}/${name}`)));
  const [streamA, streamB] = await Promise.all(['a', 'b'].map((name) => openEventStream(t, `${wherry.url}/${name}`)));
  wherry.writeConfiguration(routes('max_message: 10B', ''));
  const answer = await askControl(t, wherry, { verb: 'reload' });
  assert.deepEqual([answer.ok, answer.kept, answer.draining], [true, 2, 2], JSON.stringify(answer));
  assert.equal((await b.closed()).code, 1012);
  assert.equal(await streamB.ended(), 'end');
  await a.send('still');
  assert.equal(await a.text(), 'still');
  assert.equal((await streamA.event()).data, 'still');
  await a.send('longer than it may be now');
  assert.equal((await a.closed()).code, 1009);
});

testOnce('a reload to other channels closes, too', async (t) => {
  const routes = (channel) => `
drain: { window: 0s, timeout: 300ms, reload: { window: 100ms, timeout: 5s } }
routes: [{ match: { path: / }, subscribe: { channel: ${channel} } }]
`;
  const wherry = await startWherry(t, routes('one'));
  const client = await connectWebSocket(t, wherry.webSocketUrl);
  wherry.writeConfiguration(routes('two'));
  await askControl(t, wherry, { verb: 'reload' });
  assert.deepEqual(await client.closed(), { code: 1012, reason: 'route_gone' });
});

testOnce('a token names the channel, lets in, and ends', async (t) => {
  const key = makeKey('ES256', 'one');
  const wherry = await startWherry(t, (where) => `
routes:
  - match: { path: /me }
    jwt: { jwks: ${writeKeySet(where.directory, [key])}, leeway: 0s, close_code: 4401 }
    subscribe: { channel: "user:{claim.sub}", publish: true }
`);
  const headers = (claims) => ({ Authorization: `Bearer ${key.sign(claims)}` });
  const url = `${wherry.webSocketUrl}/me`;

  await t.test('each user has his own channel', async () => {
    const [ann, annToo, bob] = await Promise.all(['ann', 'ann', 'bob'].map((sub) =>
      connectWebSocket(t, url, { headers: headers({ sub }) })));
    await ann.send('for ann');
    assert.equal(await annToo.text(), 'for ann');
    await bob.send('for bob');
    assert.equal(await bob.text(), 'for bob');
  });

  await t.test('without the claim nobody is let in', async () => {
    const answer = await poll(`${wherry.url}/me`, headers({}));
    assert.deepEqual([answer.status, /no value for {claim.sub}/.test(answer.body)], [403, true]);
    assert.equal((await poll(`${wherry.url}/me`)).status, 401);
  });

  await t.test('when it expires, WebSocket and event stream end', async () => {
    const short = headers({ sub: 'ann', exp: secondsFromNow(4) });
    const [socket, stream] = await Promise.all([
      connectWebSocket(t, url, { headers: short }), openEventStream(t, `${wherry.url}/me`, short)]);
    assert.deepEqual(await socket.closed(), { code: 4401, reason: 'token_expired' });
    assert.equal(await stream.ended(), 'end');
    for (const status of [101, 200]) await wherry.accessLine({ status, reason: 'token_expired', user: 'ann' });
  });
});
