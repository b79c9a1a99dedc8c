// SPDX-License-Identifier: MIT
// The PROXY protocol as others speak it: HAProxy, nginx and curl in front of Wherry, HAProxy
// and nginx behind it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startHaproxy, startNginx } from './support/proxies.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const CLIENTS = 12;

const expecting = (backend, more = '') => ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { from: [127.0.0.1] } }]
${more}${forwardTo(backend)}`;

function haproxyInFront(mode, server) {
  return (t, wherry) => startHaproxy(t, ([port]) => `
frontend front
    mode ${mode}
    bind 127.0.0.1:${port}
    unique-id-format %[uuid]
    default_backend back
backend back
    mode ${mode}
    server wherry 127.0.0.1:${wherry.port} ${server}
`);
}

const FRONTS = {
  'HAProxy, tcp, send-proxy': haproxyInFront('tcp', 'send-proxy'),
  'HAProxy, tcp, send-proxy-v2': haproxyInFront('tcp', 'send-proxy-v2'),
  'HAProxy, http, send-proxy': haproxyInFront('http', 'send-proxy'),
  'HAProxy, http, send-proxy-v2 with a checksum and an id':
    haproxyInFront('http', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'),
  'HAProxy, tcp, send-proxy-v2 with facts about TLS':
    haproxyInFront('tcp', 'send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,authority,crc32c'),
  'nginx, stream': (t, wherry) => startNginx(t, {
    stream: ([port]) => `server {
      listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${wherry.port}; proxy_protocol on;
    }`,
  }),
};

for (const [name, startFront] of Object.entries(FRONTS)) {
  test(`${name} in front: HTTP`, async (t) => {
    const backend = await httpBackend(t);
    const wherry = await startWherry(t, expecting(backend));
    const front = await startFront(t, wherry);
    await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
      const localAddress = `127.0.5.${i + 1}`;
      const peer = await connect(t, { port: front.port, host: '127.0.0.1', localAddress });
      for (let j = 0; j < 3; j++) {
        const response = await exchange(peer, requestText('POST', `/${j}`, ['Content-Length: 3'], 'abc'));
        assert.equal(response.status, 200);
        const { headers, body } = JSON.parse(response.body);
        assert.equal(headers['x-forwarded-for'], localAddress);
        assert.equal(body, 'abc');
      }
      await wherry.accessLine({ peer: `${localAddress}:${peer.socket.localPort}`, path: '/2' });
    }));
  });

  test(`${name} in front: WebSocket`, async (t) => {
    const backend = await webSocketBackend(t);
    const wherry = await startWherry(t, expecting(backend));
    const front = await startFront(t, wherry);
    const client = await connectWebSocket(t, `ws://127.0.0.1:${front.port}/`, { localAddress: '127.0.5.99' });
    for (const text of ['hello', 'x'.repeat(300_000)]) {
      await client.send(text);
      assert.equal(await client.text(), text);
    }
    client.socket.close(1000);
    assert.equal((await client.closed()).code, 1000);
    await wherry.accessLine({ status: 101, client: '127.0.5.99', messages_in: 2 });
  });
}

test('a health check of HAProxy with a PROXY header finds Wherry up', async (t) => {
  for (const version of ['send-proxy', 'send-proxy-v2']) {
    const backend = await httpBackend(t);
    const wherry = await startWherry(t, expecting(backend));
    const front = await startHaproxy(t, ([port]) => `
frontend front
    mode http
    bind 127.0.0.1:${port}
    http-request return status 200 if { nbsrv(back) ge 1 }
    default_backend back
backend back
    mode http
    option httpchk GET /health
    server wherry 127.0.0.1:${wherry.port} ${version} check check-send-proxy inter 200ms fall 1 rise 1
`);
    await wherry.accessLine({ path: '/health', status: 200 });
    await eventually(async () => {
      const peer = await connect(t, front.port);
      return (await exchange(peer, requestText('GET', '/'))).status === 200;
    }, 'HAProxy calls it up');
  }
});

test('HAProxy in front over a UNIX socket', async (t) => {
  const path = join(temporaryDirectory(t), 'front.sock');
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `workers: 2
listeners: [{ address: "unix:${path}", proxy_protocol: { from: [unix] } }]
${forwardTo(backend)}`, { probe: path });
  for (const version of ['send-proxy', 'send-proxy-v2']) {
    const front = await startHaproxy(t, ([port]) => `
listen front
    mode http
    bind 127.0.0.1:${port}
    server wherry unix@${path} ${version}
`);
    await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
      const localAddress = `127.0.8.${i + 1}`;
      const peer = await connect(t, { port: front.port, host: '127.0.0.1', localAddress });
      const response = await exchange(peer, requestText('POST', '/', ['Content-Length: 3'], 'x=x'));
      assert.equal(JSON.parse(response.body).headers['x-forwarded-for'], localAddress);
      await wherry.accessLine({ peer: `${localAddress}:${peer.socket.localPort}` });
    }));
  }
});

test('curl with --haproxy-protocol', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, expecting(backend));
  const { stdout } = await promisify(execFile)('curl',
    ['-sS', '--noproxy', '*', '--max-time', '20', '--haproxy-protocol', `${wherry.url}/1`, `${wherry.url}/2`]);
  assert.equal(stdout.match(/"x-forwarded-for":"127\.0\.0\.1"/g).length, 2);
});

const behindHaproxy = (t) => startHaproxy(t, ([port]) => `
frontend back
    mode http
    bind 127.0.0.1:${port} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"
`);
const behindNginx = (t) => startNginx(t, {
  http: ([port]) => `server {
    listen 127.0.0.1:${port} proxy_protocol;
    set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
    location / { return 200 "$remote_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port"; }
  }`,
});
const BACKS = { 'HAProxy, accept-proxy': behindHaproxy, 'nginx, listen ... proxy_protocol': behindNginx };

for (const [name, startBack] of Object.entries(BACKS)) {
  for (const version of ['v1', 'v2']) {
    test(`${name} behind, ${version}`, async (t) => {
      const back = await startBack(t);
      const wherry = await startWherry(t, `
routes: [{ to: app }]
upstreams: { app: { proxy_protocol: ${version}, servers: ["http://127.0.0.1:${back.port}"] } }
`);
      await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
        const localAddress = `127.0.6.${i + 1}`;
        const peer = await connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });
        for (let j = 0; j < 3; j++) {
          const response = await exchange(peer, requestText('GET', '/'));
          assert.equal(response.body.toString(),
            `${localAddress}:${peer.socket.localPort} 127.0.0.1:${wherry.port}`);
        }
      }));
    });
  }
}

test('WebSocket from HAProxy through Wherry to HAProxy, one name all the way', async (t) => {
  const seen = [];
  const backend = await webSocketBackend(t, (socket, request) => {
    seen.push(request.headers['x-seen']);
    socket.on('message', (data) => socket.send(data));
  });
  const back = await startHaproxy(t, ([port]) => `
frontend front
    mode http
    bind 127.0.0.1:${port} accept-proxy
    http-request set-header X-Seen %[src]:%[src_port]
    default_backend back
backend back
    mode http
    server app 127.0.0.1:${backend.port}
`);
  for (const version of ['v1', 'v2']) {
    const wherry = await startWherry(t, ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { from: [127.0.0.1] } }]
routes: [{ to: app, websocket: { origins: any } }]
upstreams: { app: { proxy_protocol: ${version}, servers: ["http://127.0.0.1:${back.port}"] } }
`);
    const front = await FRONTS['HAProxy, tcp, send-proxy-v2'](t, wherry);
    const client = await connectWebSocket(t, `ws://127.0.0.1:${front.port}/`, { localAddress: '127.0.7.7' });
    await client.send('hello');
    assert.equal(await client.text(), 'hello');
    const line = `127.0.7.7:${client.socket._socket.localPort}`;
    assert.equal(seen.at(-1), line);
    client.socket.close(1000);
    await client.closed();
    await wherry.accessLine({ peer: line, status: 101 });
  }
});
