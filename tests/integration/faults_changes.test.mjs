// SPDX-License-Identifier: MIT
// A call fails while a running Wherry is changed (SECURITY S6, S7): by a reload with other
// listeners, routes, workers and certificates, by commands, by answers of a name server.
// Only that change may fail, and it says so; the next one works, and nobody is left over.

import assert from 'node:assert/strict';

import { askControl } from './support/control.mjs';
import { dnsServer } from './support/dns_server.mjs';
import { PATIENCE_MS, eventually } from './support/deadline.mjs';
import { torture } from './support/torture.mjs';
import { bodyTraffic, socketTraffic, trafficBackend } from './support/traffic.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const KINDS = [
  ['alloc', 'ENOMEM'], ['recv', 'ENOMEM'], ['recv', undefined], ['send', 'EPIPE'], ['send', 'ENOBUFS'], ['send', undefined],
  ['accept', 'EMFILE'], ['connect', 'EADDRNOTAVAIL'], ['socket', 'EMFILE'],
  ['epoll', 'ENOMEM'], ['wait', 'EINTR'], ['option', 'ENOBUFS'],
];

/** Two editions that differ in everything that a reload may change. */
function edition({ ports, secure }, backends, dns, isSecond) {
  const [a, b] = backends;
  return `
workers: ${isSecond ? 2 : 1}
status: 127.0.0.1:${ports[1]}
resolver: { servers: ["127.0.0.1:${dns.port}"], timeout: 1s, max_ttl: 1s }
listeners:
  - address: "127.0.0.1:${ports[0]}"
  - { address: "127.0.0.1:${secure[Number(isSecond)]}", tls: { self_signed: true } }
drain: { window: 0s, timeout: 1s, server: { window: 0s, timeout: 1s }, reload: { window: 0s, timeout: 1s } }
routes:
${isSecond ? '  - { match: { path: /gone }, redirect: { to: /elsewhere } }' : ''}
  - { name: main, match: { path: / }, websocket: { origins: any }, to: app }
upstreams:
  app:
    balance: ${isSecond ? 'least_connections' : 'sticky'}
    pool: { size: 1 }
    ejection: { time: 100ms, max_time: 100ms }
    health_check: { type: ${isSecond ? 'http' : 'tcp'}, interval: 500ms }
    servers: ["${a.url}", "${b.url}", "http://app.test:${a.port}"]
`;
}

/** An answer, or its absence: that it comes to an end at all is what is asked for. */
async function tries(t, wherry, request) {
  try {
    return await askControl(t, wherry, request, []);
  } catch (error) {
    if (/not within/.test(error.message)) throw new Error(`${JSON.stringify(request)}: ${error.message}`);
    return undefined;
  }
}

async function start(t, options) {
  const backends = [await trafficBackend(t), await trafficBackend(t)];
  const other = await trafficBackend(t);
  const dns = await dnsServer(t, '127.0.0.1');
  const secure = await freePorts(2);
  const text = (isSecond) => ({ ports }) => edition({ ports, secure }, backends, dns, isSecond);
  const wherry = await startWherry(t, text(true), { ...options, ports: 2 });
  return Object.assign(wherry, { text, secure, other, isSecond: true });
}

async function act(t, wherry, id) {
  const url = wherry.other.url;
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/gone?id=${id}`).catch(() => null);
  wherry.isSecond = !wherry.isSecond;
  wherry.writeConfiguration(wherry.text(wherry.isSecond));
  const answer = await tries(t, wherry, { verb: 'reload' });
  wherry.isTold = answer?.ok;
  await tries(t, wherry, { verb: 'server_add', upstream: 'app', url });
  await tries(t, wherry, { verb: 'server_weight', upstream: 'app', url, weight: 3 });
  await tries(t, wherry, { verb: 'connections' });
  await tries(t, wherry, { verb: 'status' });
  await tries(t, wherry, { verb: 'rebalance', group: 'app', rate: '1000/s' });
  await tries(t, wherry, { verb: 'server_list' });
  await tries(t, wherry, { verb: 'drain', target: url, window: '0s', timeout: '1s', wait: true });
  await tries(t, wherry, { verb: 'kill', route: 'main' });
  await tries(t, wherry, { verb: 'server_remove', upstream: 'app', url });
  client?.socket.terminate();
}

/** What was answered has come true, or does so soon, with all workers and listeners. */
async function followsReload(t, wherry, id) {
  const statuses = async () => {
    const all = Array.from({ length: 6 }, () => fetch(`${wherry.url}/gone`, { redirect: 'manual', headers: { Connection: 'close' }, signal: AbortSignal.timeout(PATIENCE_MS) }));
    return (await Promise.all(all)).map(({ status }) => status >= 300 && status < 400);
  };
  await eventually(async () => (await statuses()).every((isRedirect) => isRedirect === wherry.isSecond), 'all workers go by the new routes');
  const options = overTls(wherry, wherry.isSecond);
  await eventually(async () => (await bodyTraffic(wherry, { seed: id, length: 100, options })).isIntact, 'the new listener serves');
}

function overTls(wherry, isSecond) {
  return { scheme: 's', port: wherry.secure[Number(isSecond)], tls: { rejectUnauthorized: false } };
}

async function serves(t, wherry, id) {
  if (wherry.isTold) await followsReload(t, wherry, id);
  const url = wherry.other.url;
  for (const isSecond of [!wherry.isSecond, wherry.isSecond]) {
    wherry.writeConfiguration(wherry.text(isSecond));
    const answer = await askControl(t, wherry, { verb: 'reload' });
    assert.equal(answer?.ok, true, JSON.stringify(answer));
    for (const options of [{}, overTls(wherry, isSecond)]) {
      const socket = await socketTraffic(t, wherry, wherry.other, { id: `${id} ${isSecond}`, seed: id, count: 3, options });
      assert.deepEqual(socket, { opened: true, isIntact: true });
    }
  }
  assert.deepEqual(await bodyTraffic(wherry, { seed: id, length: 100 }), { isIntact: true, status: 200 });
  await tries(t, wherry, { verb: 'server_remove', upstream: 'app', url });
  for (const verb of ['server_add', 'server_remove']) {
    const answer = await askControl(t, wherry, { verb, upstream: 'app', url });
    assert.equal(answer?.ok, true, JSON.stringify(answer));
  }
  await eventually(async () => (await askControl(t, wherry, { verb: 'status' })).drains?.length === 0, 'no drain is left');
}

torture('changes', { kinds: KINDS, start, act, serves, sparse: 12 });
