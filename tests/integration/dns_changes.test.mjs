// SPDX-License-Identifier: MIT
// A name that leads to several servers, and to others later, by a real name server: all of
// them are balanced, and no WebSocket notices that the name has left its server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { startDnsmasq } from './support/dnsmasq.mjs';
import { metrics } from './support/gauges.mjs';
import {
  askTimes, countByServer, namedBackend, startAsking, startTalkers, stopTalkers,
} from './support/talkers.mjs';
import { startWherry } from './support/wherry.mjs';

/** Servers on the same port of several loopback addresses. */
async function homes(t, count) {
  for (;;) {
    const all = [await namedBackend(t, '127.0.1.1', { host: '127.0.1.1' })];
    try {
      for (let i = 2; i <= count; i++) {
        const host = `127.0.1.${i}`;
        all.push(await namedBackend(t, host, { host, port: all[0].port }));
      }
      return all;
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
}

const configuration = (dns, urls) => ({ ports }) => `
workers: 2
listeners: [{ address: "127.0.0.1:${ports[0]}" }]
status: 127.0.0.1:${ports[1]}
resolver: { servers: ["127.0.0.1:${dns.port}"], timeout: 2s }
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app: { balance: round_robin, servers: [${urls.map((url) => `"${url}"`).join(', ')}] }
`;

async function list(t, wherry) {
  const rows = [];
  await askControl(t, wherry, { verb: 'server_list' }, rows);
  return Object.fromEntries(rows.map(({ server, state }) => [server, state]));
}

const isAsked = (wherry, names) => async () =>
  Object.keys(await askTimes(wherry, 12)).sort().join() === names.join();

test('a name with several addresses', async (t) => {
  const dns = await startDnsmasq(t);
  const servers = await homes(t, 4);
  const url = `http://app.test:${servers[0].port}`;
  await dns.set('app.test', ['127.0.1.1', '127.0.1.2']);
  const wherry = await startWherry(t, configuration(dns, [url]), { ports: 2 });
  await eventually(isAsked(wherry, ['127.0.1.1', '127.0.1.2']), 'the servers are asked');

  await t.test('is as many servers', async (t2) => {
    assert.deepEqual(await askTimes(wherry, 20), { '127.0.1.1': 10, '127.0.1.2': 10 });
    assert.deepEqual(await list(t2, wherry), { [`${url}@127.0.1.1`]: 'up', [`${url}@127.0.1.2`]: 'up' });
    const labels = `upstream="app",server="${url}",address="127.0.1.1:${servers[0].port}"`;
    await eventually(async () => (await metrics(t2, wherry)).get(`wherry_server_active{${labels}}`) === 0, 'it has a gauge');
  });

  const talkers = await startTalkers(t, wherry.webSocketUrl, 20);
  const asking = startAsking(wherry);

  await t.test('gets more of them', async () => {
    await dns.set('app.test', ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4']);
    await eventually(isAsked(wherry, servers.map(({ name }) => name)), 'all of them are asked');
    talkers.push(...await startTalkers(t, wherry.webSocketUrl, 20));
    assert.equal(Object.keys(countByServer(talkers)).length, 4);
  });

  await t.test('gets less of them, and keeps what is open', async (t2) => {
    await dns.set('app.test', ['127.0.1.3']);
    await eventually(isAsked(wherry, ['127.0.1.3']), 'only one is asked');
    const counts = talkers.map(({ count }) => count);
    await eventually(() => talkers.every(({ count }, i) => count > counts[i] + 20), 'all of them talk');
    assert.equal(Object.keys(countByServer(talkers)).length, 4, 'no WebSocket was closed');
    assert.equal((await list(t2, wherry))[`${url}@127.0.1.1`], 'gone');
  });

  await t.test('vanishes, and is served by its last servers', async () => {
    await dns.set('app.test', []);
    await pause(2500); // beyond the TTL
    assert.deepEqual(await askTimes(wherry, 4), { '127.0.1.3': 4 });
    await dns.set('app.test', ['127.0.1.2', '127.0.1.3']);
    await eventually(isAsked(wherry, ['127.0.1.2', '127.0.1.3']), 'one has come back');
  });

  await asking.stop();
  assert.deepEqual(asking.failures, [], 'no request failed');
  await stopTalkers(talkers);
  assert.ok(talkers.every(({ end }) => !end), 'no WebSocket was closed');

  await t.test('forgets servers that nobody is on any more', async (t2) => {
    for (const { client } of talkers) client.socket.terminate();
    await eventually(async () => {
      const samples = await metrics(t2, wherry);
      return samples.get('wherry_websockets') === 0;
    }, 'all WebSockets are closed');
    const left = async () => Object.keys(await list(t2, wherry)).filter((name) => /1\.[14]$/.test(name));
    await eventually(async () => (await left()).length === 0, 'nobody knows them');
  });
});

test('servers that come and go all the time', async (t) => {
  const dns = await startDnsmasq(t);
  const servers = await homes(t, 3);
  const names = servers.map(({ name }) => name);
  await dns.set('app.test', names);
  const wherry = await startWherry(t, configuration(dns, [`http://app.test:${servers[0].port}`]), { ports: 2 });
  const talkers = await startTalkers(t, wherry.webSocketUrl, 30);
  const asking = startAsking(wherry);
  const until = Date.now() + 6000;
  for (let i = 0; Date.now() < until; i++) {
    await dns.set('app.test', names.filter((_, at) => at !== i % 3));
    await pause(300);
  }
  await asking.stop();
  assert.deepEqual(asking.failures, [], 'no request failed');
  await stopTalkers(talkers);
  assert.ok(talkers.every(({ end, error }) => !end && !error), 'no WebSocket was closed');
});
