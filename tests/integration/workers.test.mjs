// SPDX-License-Identifier: MIT
// Several workers serve one address together, each connection on one of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { eventually, within } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { parseMetrics } from './support/prometheus.mjs';
import { threadCount } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

for (const workers of [2, 4]) {
  test(`${workers} workers`, async (t) => {
    const http = await httpBackend(t);
    const sockets = await webSocketBackend(t);
    const wherry = await startWherry(t, ({ ports }) => `
workers: ${workers}
status: 127.0.0.1:${ports[1]}
routes:
  - { match: { path: /ws }, websocket: {}, to: sockets }
  - { to: http }
upstreams:
  http: { servers: [{ url: "${http.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`, { ports: 2 });
    await eventually(() => threadCount(wherry.pid) >= workers + 1, 'the threads are there');

    await within(Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const peer = await connect(t, wherry.port);
      for (let j = 0; j < 10; j++) {
        const response = await exchange(peer, requestText('GET', `/${i}/${j}`));
        assert.equal(JSON.parse(response.body).url, `/${i}/${j}`);
      }
      const client = await connectWebSocket(t, `${wherry.webSocketUrl}/ws`);
      for (let j = 0; j < 10; j++) {
        await client.send(`${i} ${j}`);
        assert.equal(await client.text(), `${i} ${j}`);
      }
    })), 'all are served');

    const status = await connect(t, wherry.ports[1]);
    await eventually(async () => {
      const text = (await exchange(status, requestText('GET', '/metrics', { Host: '127.0.0.1' }))).body.toString();
      const { samples } = parseMetrics(text);
      return samples.get('wherry_requests_total') === 60 * 11 && samples.get('wherry_websockets') === 60;
    }, 'counted over all workers');
  });
}

test('every worker is told to stop', async (t) => {
  const sockets = await webSocketBackend(t);
  const wherry = await startWherry(t, `workers: 3\n${forwardTo(sockets)}`);
  const clients = await Promise.all(Array.from({ length: 30 }, () => connectWebSocket(t, wherry.webSocketUrl)));
  wherry.signal('SIGTERM');
  for (const client of clients) assert.equal((await client.closed()).code, 1001);
  await wherry.ended();
});
