// SPDX-License-Identifier: MIT
// The status listener: readiness, metrics in the text format of Prometheus, and nothing for
// pages that were led here by a foreign name.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { parseMetrics } from './support/prometheus.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

function startWithStatus(t, text) {
  return startWherry(t, ({ ports }) => `status: 127.0.0.1:${ports[1]}\n${text}`, { ports: 2 });
}

async function ask(t, wherry, path, host = `127.0.0.1:${wherry.ports[1]}`, method = 'GET') {
  const peer = await connect(t, wherry.ports[1]);
  const response = await exchange(peer, requestText(method, path, { Host: host, Connection: 'close' }));
  peer.end();
  return response;
}

async function metrics(t, wherry) {
  return parseMetrics((await ask(t, wherry, '/metrics')).body.toString());
}

test('/ready', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWithStatus(t, `drain: { window: 2s, timeout: 30s }\n${forwardTo(backend)}`);
  await eventually(async () => (await ask(t, wherry, '/ready')).status === 200, 'ready');
  const { client, server } = await openPair(t, wherry, backend);
  wherry.signal('SIGTERM');
  await eventually(async () => {
    const response = await ask(t, wherry, '/ready').catch(() => null);
    return response?.status === 503;
  }, 'not ready while draining');
  client.destroy();
  await leave(server, { mask: false });
  await wherry.ended();
});

test('/metrics', async (t) => {
  const backend = await httpBackend(t);
  const sockets = await scriptedBackend(t);
  const wherry = await startWithStatus(t, `
routes:
  - { match: { path: /ws }, websocket: { ping: off }, to: sockets }
  - { to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`);

  await t.test('is valid text, with help and type for every metric', async () => {
    const response = await ask(t, wherry, '/metrics');
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /^text\/plain/);
    const { samples, types, helps } = parseMetrics(response.body.toString());
    assert.ok(samples.size > 20);
    for (const [name, type] of types) {
      assert.ok(['counter', 'gauge'].includes(type), name);
      assert.ok(helps.has(name), name);
      assert.match(name, /^(wherry|process)_[a-z0-9_]+$/);
    }
    assert.equal(samples.get('wherry_parser_disagreement_total'), 0);
  });

  await t.test('counts requests', async () => {
    const before = (await metrics(t, wherry)).samples;
    const peer = await connect(t, wherry.port);
    for (let i = 0; i < 10; i++) await exchange(peer, requestText('GET', '/'));
    await eventually(async () => {
      const now = (await metrics(t, wherry)).samples;
      const grown = (name) => now.get(name) - before.get(name);
      return grown('wherry_requests_total') === 10 && grown('wherry_responses_2xx_total') === 10
        && grown('wherry_backend_reuses_total') >= 9;
    }, 'ten more requests');
  });

  await t.test('counts WebSockets, while they are open and after', async () => {
    const { client, server } = await openPair(t, wherry, sockets, { client: { path: '/ws' } });
    await client.send(Buffer.concat(Array(5).fill(frame(OPCODE.text, 'x', { mask: true }))));
    for (let i = 0; i < 5; i++) await readFrame(server);
    await eventually(async () => (await metrics(t, wherry)).samples.get('wherry_websockets') === 1, 'one open');
    client.reset();
    await leave(server, { mask: false });
    await eventually(async () => {
      const { samples } = await metrics(t, wherry);
      return samples.get('wherry_websockets') === 0
        && samples.get('wherry_websockets_opened_total') === 1
        && samples.get('wherry_messages_from_clients_total') === 5
        && samples.get('wherry_closes_total{reason="client_reset"}') >= 1;
    }, 'none open');
  });

  await t.test('gauges go back to nothing', async () => {
    await eventually(async () => (await metrics(t, wherry)).samples.get('wherry_client_connections') <= 2, 'closed');
  });
});

test('who may ask', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWithStatus(t, forwardTo(backend));
  const port = wherry.ports[1];
  await eventually(async () => (await ask(t, wherry, '/ready')).status === 200, 'ready');
  for (const host of [`127.0.0.1:${port}`, '127.0.0.1', 'localhost', `localhost:${port}`, '[::1]', 'LOCALHOST']) {
    assert.equal((await ask(t, wherry, '/ready', host)).status, 200, host);
  }
  for (const host of ['evil.test', `evil.test:${port}`, 'localhost.evil.test', '127.0.0.1.evil.test', '10.0.0.1']) {
    for (const path of ['/ready', '/metrics']) {
      assert.equal((await ask(t, wherry, path, host)).status, 421, host);
    }
  }
  assert.equal((await ask(t, wherry, '/nothing')).status, 404);
  assert.ok([404, 405].includes((await ask(t, wherry, '/metrics', undefined, 'POST')).status));
  assert.equal((await ask(t, wherry, '/ready', undefined, 'HEAD')).status, 200);
});
