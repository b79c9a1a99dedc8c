// SPDX-License-Identifier: MIT
// Who may subscribe, and who is there: an auth service, tokens, presence; and TLS.

import assert from 'node:assert/strict';
import https from 'node:https';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { startMachines, testOnce } from './support/brokers.mjs';
import { within } from './support/deadline.mjs';
import { makeKey, writeKeySet } from './support/jwt.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const ENVELOPE = { protocols: ['wherry.v1'] };

testOnce('an auth service is asked once, before anything is heard', async (t) => {
  const asked = [];
  const auth = await httpBackend(t, (request, response) => {
    asked.push(request.headers['x-forwarded-uri'] ?? request.url);
    response.writeHead(request.headers.cookie === 'user=ann' ? 200 : 401).end();
  });
  const wherry = await startWherry(t, feedRoute('', `    forward_auth: { url: "${auth.url}/" }`));
  const headers = { Cookie: 'user=ann' };
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`, { headers });
  const stream = await openEventStream(t, `${wherry.url}/feed/a`, headers);
  await client.send('one');
  assert.equal(await client.text(), 'one');
  assert.equal((await stream.event()).data, 'one');
  assert.equal((await poll(`${wherry.url}/feed/a?last_event_id=0`, headers)).body, 'one');
  assert.equal(asked.length, 3);
  assert.equal((await poll(`${wherry.url}/feed/a`)).status, 401);
  assert.equal((await openEventStream(t, `${wherry.url}/feed/a`)).response.statusCode, 401);
  await assert.rejects(connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`), /401/);
});

test('those who are there are told of each other', async (t) => {
  const key = makeKey('ES256', 'one');
  const [here, there] = await startMachines(t, (where) => feedRoute('presence: list',
    `    jwt: { jwks: ${writeKeySet(where.directory, [key])}, from: [query=token] }`));
  const enter = (wherry, sub) => connectWebSocket(t, `${wherry.webSocketUrl}/feed/a?token=${key.sign({ sub })}`, ENVELOPE);
  const ann = await enter(here, 'ann');
  const told = async (client) => {
    const { event, channel, data } = JSON.parse(await client.text());
    assert.deepEqual([event, channel], ['presence', 'feed:a']);
    return data;
  };
  assert.deepEqual(await told(ann), { count: 1, members: ['ann'], joined: ['ann'] });
  const bob = await enter(there, 'bob');
  const both = await told(ann);
  assert.deepEqual([both.count, both.joined], [2, ['bob']]);
  assert.deepEqual((await told(bob)).members.sort(), ['ann', 'bob']);
  bob.socket.close();
  assert.deepEqual((await told(ann)).left, ['bob']);

  await t.test('the log does not tell the token', async () => {
    const line = await there.accessLine({ user: 'bob', reason: 'client_closed' });
    assert.doesNotMatch(line.path, /eyJ/);
  });
});

testOnce('over TLS', async (t) => {
  const wherry = await startWherry(t, ({ port }) =>
    `listeners: [{ address: "127.0.0.1:${port}", tls: { self_signed: true } }]\n${feedRoute('keep_alive: 50ms')}`);
  const insecure = { rejectUnauthorized: false };
  const client = await connectWebSocket(t, `wss://127.0.0.1:${wherry.port}/feed/a`, insecure);
  const text = 'x'.repeat(60_000);
  const stream = new Promise((resolve, reject) => {
    const request = https.get(`https://127.0.0.1:${wherry.port}/feed/a`,
      { ...insecure, headers: { Accept: 'text/event-stream' }, agent: false }, (response) => {
        let all = '';
        response.setEncoding('utf8').on('data', (piece) => {
          if (all === '') client.send(text);
          all += piece;
          if (!all.includes(`data: ${text}\n\n`) || !all.endsWith(':\n\n')) return;
          request.destroy();
          resolve();
        });
      }).on('error', reject);
  });
  assert.equal(await client.text(), text);
  await within(stream, 'the event, and a comment behind it');
});
