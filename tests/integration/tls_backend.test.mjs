// SPDX-License-Identifier: MIT
// Backends behind TLS: their certificates are checked, sessions are resumed, and what goes
// wrong is said with its reason.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';

import { WebSocketServer } from 'ws';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { Authority, openssl } from './support/certificates.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually } from './support/deadline.mjs';
import { connectWebSocket } from './support/ws_client.mjs';
import { startWherry } from './support/wherry.mjs';

function pairOf({ cert, key }) {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

/** An https server that says how each connection came, and echoes over WebSocket. */
async function secureBackend(t, pair, options = {}) {
  const seen = [];
  const server = https.createServer({ ...pairOf(pair), ...options }, (request, response) => {
    const { socket } = request;
    seen.push({
      resumed: socket.isSessionReused(), name: socket.servername, protocol: socket.alpnProtocol,
      client: socket.getPeerCertificate()?.subject?.CN, headers: request.headers,
    });
    response.end('secure');
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: server.address().port, seen };
}

function to(url, tlsBlock, more = '') {
  return `
routes: [{ match: { path: / }, websocket: { origins: any }, to: app }]
upstreams:
  app:
    servers: ["${url}"]
    tls: { ${tlsBlock} }
${more}`;
}

const get = async (wherry, path = '/') => {
  const response = await fetch(wherry.url + path);
  return { status: response.status, text: await response.text() };
};

test('a backend with a good certificate is reached, with SNI and ALPN', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['localhost']), { ALPNProtocols: ['http/1.1'] });
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${authority.cert}"`));
  assert.deepEqual(await get(wherry), { status: 200, text: 'secure' });
  const [first] = backend.seen;
  assert.equal(first.name, 'localhost');
  assert.equal(first.protocol, 'http/1.1');
  assert.equal(first.headers['x-forwarded-proto'], 'http');
});

test('an address in the certificate serves as well, and wss:// is https://', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['127.0.0.1']));
  const wherry = await startWherry(t, to(`wss://127.0.0.1:${backend.port}`, `ca: "${authority.cert}"`));
  assert.equal((await get(wherry)).status, 200);
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/echo`);
  const payload = Buffer.alloc(300_000, 'x');
  await client.send(payload);
  assert.ok(payload.equals((await client.message()).data));
  client.socket.close(1000);
  assert.equal((await client.closed()).code, 1000);
  assert.equal((await wherry.accessLine({ status: 101 })).reason, 'client_closed');
});

test('server_name overrides the name', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['app.internal']));
  const wherry = await startWherry(t, to(`https://127.0.0.1:${backend.port}`,
    `ca: "${authority.cert}", server_name: app.internal`));
  assert.equal((await get(wherry)).status, 200);
  assert.equal(backend.seen[0].name, 'app.internal');
});

test('a new connection resumes the session', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['localhost']));
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${authority.cert}"`));
  // POST never takes a kept-alive connection.
  for (let i = 0; i < 7; i++) {
    await (await fetch(wherry.url, { method: 'POST', body: 'x' })).text();
  }
  assert.deepEqual(backend.seen.map(({ resumed }) => resumed), [false, ...Array(6).fill(true)]);
});

test('a kept-alive connection is used again', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['localhost']));
  let connections = 0;
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${authority.cert}"`), {});
  for (let i = 0; i < 5; i++) assert.equal((await get(wherry)).status, 200);
  connections = new Set(backend.seen.map(({ resumed }) => resumed)).size;
  assert.equal(connections, 1);
  assert.ok(backend.seen.every(({ resumed }) => !resumed));
});

const FAULTS = [
  ['an unknown issuer', (a, other) => ({ pair: other.issue(['localhost']), ca: a.cert }), /unable to get (local )?issuer certificate|self-signed certificate in certificate chain/],
  ['a wrong name', (a) => ({ pair: a.issue(['other.example']), ca: a.cert }), /hostname mismatch/i],
  ['a certificate of its own', (a) => ({ pair: a.make('own', ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']), ca: a.cert }), /self-signed certificate/],
];

for (const [name, make, reason] of FAULTS) {
  test(`${name} is refused with 502 and a reason in the log`, async (t) => {
    const authority = new Authority(t);
    const { pair, ca } = make(authority, new Authority(t));
    const backend = await secureBackend(t, pair);
    const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${ca}"`));
    const answer = await get(wherry);
    assert.equal(answer.status, 502);
    assert.match(answer.text, /TLS with the backend failed/);
    assert.equal(backend.seen.length, 0);
    await eventually(() => reason.test(wherry.stderr), `${reason} in the log`);
    const line = await wherry.accessLine({ status: 502 });
    assert.equal(line.reason, 'backend_tls');
    assert.match(line.detail, reason);
    assert.doesNotMatch(answer.text, reason);
  });
}

test('an expired certificate is refused, and says so', async (t) => {
  const authority = new Authority(t);
  const pair = authority.issue(['localhost']);
  const request = authority.path('old.csr');
  openssl('req', '-new', '-key', pair.key, '-subj', '/CN=localhost', '-out', request);
  const extensions = authority.path('old.ext');
  writeFileSync(extensions, 'subjectAltName=DNS:localhost\n');
  openssl('x509', '-req', '-in', request, '-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial',
    '-days', '-1', '-extfile', extensions, '-out', pair.cert);
  const backend = await secureBackend(t, pair);
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${authority.cert}"`));
  assert.equal((await get(wherry)).status, 502);
  await eventually(() => /certificate has expired/.test(wherry.stderr), 'the reason in the log');
});

test('verify: false takes any certificate', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['other.example']));
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, 'verify: false'));
  assert.equal((await get(wherry)).status, 200);
});

test('without ca the system decides: a private authority is unknown to it', async (t) => {
  const authority = new Authority(t);
  const backend = await secureBackend(t, authority.issue(['localhost']));
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`, ''));
  assert.equal((await get(wherry)).status, 502);
});

test('a client certificate is shown to a backend that asks', async (t) => {
  const authority = new Authority(t);
  const own = authority.issue(['wherry']);
  const backend = await secureBackend(t, authority.issue(['localhost']),
    { requestCert: true, rejectUnauthorized: true, ca: authority.pem });
  const wherry = await startWherry(t, to(`https://localhost:${backend.port}`,
    `ca: "${authority.cert}", cert: "${own.cert}", key: "${own.key}"`));
  assert.equal((await get(wherry)).status, 200);
  assert.equal(backend.seen[0].client, 'wherry');
  const bare = await startWherry(t, to(`https://localhost:${backend.port}`, `ca: "${authority.cert}"`));
  assert.equal((await get(bare)).status, 502);
});

test('plain bytes in front of TLS are no response (T20)', async (t) => {
  const authority = new Authority(t);
  const backend = await scriptedBackend(t, async (peer) => {
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
  });
  const wherry = await startWherry(t, to(`https://127.0.0.1:${backend.port}`, `ca: "${authority.cert}"`));
  const answer = await get(wherry);
  assert.equal(answer.status, 502);
  assert.doesNotMatch(answer.text, /evil/);
});

test('a plain HTTP backend behind https:// is 502', async (t) => {
  const authority = new Authority(t);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, to(`https://127.0.0.1:${backend.port}`, `ca: "${authority.cert}"`));
  assert.equal((await get(wherry)).status, 502);
});

test('a backend that never answers the hello is given up after timeouts.connect', async (t) => {
  const authority = new Authority(t);
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, to(`https://127.0.0.1:${backend.port}`, `ca: "${authority.cert}"`,
    'timeouts: { connect: 300ms }'));
  assert.equal((await get(wherry)).status, 504);
});

test('a body that ends without close_notify is not taken for whole', async (t) => {
  const authority = new Authority(t);
  const pair = authority.issue(['127.0.0.1']);
  // The TLS server speaks to a plain socket that we can cut under it.
  const server = net.createServer((raw) => {
    raw.on('error', () => {});
    const secure = new tls.TLSSocket(raw, { isServer: true, ...pairOf(pair) });
    secure.on('error', () => {});
    secure.once('data', () => {
      secure.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonly a part', () => setImmediate(() => raw.end()));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => server.close());
  const wherry = await startWherry(t, to(`https://127.0.0.1:${server.address().port}`, `ca: "${authority.cert}"`));
  await assert.rejects(get(wherry));
  const line = await wherry.accessLine({ status: 200 });
  assert.equal(line.reason, 'backend_lost');
});
