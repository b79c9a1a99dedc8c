// SPDX-License-Identifier: MIT
// PROXY headers and TLS: a header before the handshake, what one tells about TLS in front,
// and what backends are told about the client's.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import tls from 'node:tls';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, within } from './support/deadline.mjs';
import { frame, leave, OPCODE, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect, Peer } from './support/peer.mjs';
import { startHaproxy, startNginx } from './support/proxies.mjs';
import { readProxyHeader, tlv, v1, v2 } from './support/proxy_header.mjs';
import { forwardTo, freePorts, startWherry, temporaryDirectory } from './support/wherry.mjs';

const GET = requestText('GET', '/');
const SEVEN = { from: '192.0.2.7', fromPort: 1234 };
const FLAG_TLS = tlv(0x20, Buffer.of(1, 0, 0, 0, 1));

const selfSigned = (backend, more = '') => ({ port }) => `
listeners:
  - address: "127.0.0.1:${port}"
    proxy_protocol: { from: [127.0.0.1] }
    tls: { self_signed: true }
${more}${forwardTo(backend)}`;

/** A socket under TLS whose first write has the header in front: both leave as one. */
class Prefixed extends Duplex {
  constructor(socket, header) {
    super();
    this.socket = socket;
    this.header = header;
    socket.on('data', (chunk) => this.push(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  _read() {}

  _write(chunk, _, done) {
    this.socket.write(this.header ? Buffer.concat([this.header, chunk]) : chunk, done);
    this.header = null;
  }

  _final(done) {
    this.socket.end(done);
  }

  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }
}

async function secured(t, socket, options = {}) {
  const secure = tls.connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options });
  cleanup(t, () => secure.destroy());
  const failed = new Promise((_, reject) => { secure.once('error', reject); });
  await within(Promise.race([once(secure, 'secureConnect'), failed]), 'a TLS handshake');
  return new Peer(secure);
}

const ARRIVALS = {
  'with the handshake': async (t, port, header) => {
    const { socket } = await connect(t, port);
    socket.removeAllListeners('data');
    return secured(t, new Prefixed(socket, header));
  },
  'byte by byte before the handshake': async (t, port, header) => {
    const peer = await connect(t, port);
    await peer.sendByteByByte(header.toString('latin1'));
    peer.socket.removeAllListeners('data');
    return secured(t, peer.socket);
  },
};

for (const [name, arrive] of Object.entries(ARRIVALS)) {
  for (const header of [v1(SEVEN), v2(SEVEN)]) {
    test(`a PROXY header of ${header.length} bytes ${name}`, async (t) => {
      const backend = await httpBackend(t);
      const wherry = await startWherry(t, selfSigned(backend));
      const peer = await arrive(t, wherry.port, header);
      for (let i = 0; i < 3; i++) {
        const { headers } = JSON.parse((await exchange(peer, GET)).body);
        assert.equal(headers['x-forwarded-for'], '192.0.2.7');
        assert.equal(headers['x-forwarded-proto'], 'https');
      }
      const line = await wherry.accessLine({ peer: '192.0.2.7:1234' });
      assert.equal(line.bytes_in, GET.length);
    });
  }

  test(`WebSocket behind a PROXY header ${name}`, async (t) => {
    const backend = await webSocketBackend(t);
    const wherry = await startWherry(t, selfSigned(backend));
    const peer = await arrive(t, wherry.port, v2(SEVEN));
    const request = upgradeRequest();
    const message = frame(OPCODE.text, 'hello', { mask: true });
    assert.equal((await exchange(peer, request)).status, 101);
    await peer.send(message);
    assert.equal((await readFrame(peer)).payload.toString(), 'hello');
    await leave(peer, { mask: true });
    const line = await wherry.accessLine({ status: 101, client: '192.0.2.7' });
    assert.equal(line.bytes_in, request.length + message.length + 8);
  });
}

test('no TLS behind the header is refused as such, under the name it gave', async (t) => {
  const wherry = await startWherry(t, selfSigned(await httpBackend(t)));
  const peer = await connect(t, wherry.port);
  await peer.send(Buffer.concat([v2(SEVEN), Buffer.from(GET)])).catch(() => {});
  assert.doesNotMatch((await peer.readToEnd()).toString('latin1'), /HTTP/);
  await wherry.accessLine({ peer: '192.0.2.7:1234', reason: 'client_tls' });
});

test('TLS without the header is refused', async (t) => {
  const wherry = await startWherry(t, selfSigned(await httpBackend(t)));
  const { socket } = await connect(t, wherry.port);
  await assert.rejects(secured(t, socket));
  await wherry.accessLine({ reason: 'proxy_header', detail: 'does not begin with a PROXY header' });
});

test('one too many of a source gets no plain answer where TLS is spoken', async (t) => {
  const wherry = await startWherry(t, selfSigned(await httpBackend(t), 'limits: { per_source: 1, exempt: [] }\n'));
  const first = await ARRIVALS['with the handshake'](t, wherry.port, v2(SEVEN));
  assert.equal((await exchange(first, GET)).status, 200);
  const second = await connect(t, wherry.port);
  await second.send(v2(SEVEN));
  assert.equal((await second.readToEnd()).length, 0);
});

test('a header that tells of TLS makes requests https, and is passed on', async (t) => {
  const headers = [];
  const backend = await scriptedBackend(t, async (peer) => {
    headers.push(await readProxyHeader(peer));
    const request = await readRequest(peer);
    await peer.send(responseText(200, {}, request.headers.get('x-forwarded-proto')));
  });
  const wherry = await startWherry(t, ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { from: [127.0.0.1] } }]
routes:
  - match: { path: /old/, host: a.test }
    redirect: { to: https }
  - to: app
upstreams: { app: { proxy_protocol: v2, servers: ["${backend.url}"] } }
`);
  const ask = async (tlvs, target) => {
    const peer = await connect(t, wherry.port);
    await peer.send(Buffer.concat([v2(SEVEN, tlvs), Buffer.from(requestText('GET', target))]));
    return readResponse(peer);
  };
  assert.equal((await ask([FLAG_TLS], '/')).body.toString(), 'https');
  assert.deepEqual(headers[0].tlvs.map(({ type }) => type), [0x20]);
  assert.equal((await ask([], '/')).body.toString(), 'http');
  assert.deepEqual(headers[1].tlvs, []);
  assert.equal((await ask([FLAG_TLS], '/old/')).status, 200, 'no redirect to where it is');
  assert.equal((await ask([], '/old/')).status, 308);
});

function openssl(directory, ...args) {
  return execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An authority, and a certificate of its with the common name joe. */
function clientCertificate(t) {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const make = (stem, ...more) => openssl(directory, 'req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-days', '2', '-keyout', `${stem}.key`, '-out', `${stem}.pem`, ...more);
  make('ca', '-subj', '/CN=Test CA');
  make('joe', '-subj', '/O=Test/CN=joe', '-CA', 'ca.pem', '-CAkey', 'ca.key');
  chmodSync(join(directory, 'ca.pem'), 0o644);
  const read = (name) => readFileSync(join(directory, name));
  return { ca: join(directory, 'ca.pem'), cert: read('joe.pem'), key: read('joe.key') };
}

test('v2 tells backends about the TLS of the client', async (t) => {
  const headers = [];
  const backend = await scriptedBackend(t, async (peer) => {
    headers.push(await readProxyHeader(peer));
    await readRequest(peer);
    await peer.send(responseText(200));
  });
  const { ca, cert, key } = clientCertificate(t);
  const wherry = await startWherry(t, ({ port }) => `
listeners:
  - address: "127.0.0.1:${port}"
    tls: { self_signed: true, client_ca: "${ca}", client_auth: optional }
routes: [{ to: app }]
upstreams: { app: { proxy_protocol: v2, servers: ["${backend.url}"] } }
`);
  for (const [options, flags, name] of [[{}, 1, undefined], [{ cert, key }, 7, 'joe']]) {
    const { socket } = await connect(t, wherry.port);
    socket.removeAllListeners('data');
    const peer = await secured(t, socket, { servername: 'a.test', ...options });
    assert.equal((await exchange(peer, GET)).status, 200);
    const { fromPort, tlvs } = headers.pop();
    assert.equal(fromPort, socket.localPort);
    const values = new Map(tlvs.map(({ type, value }) => [type, value]));
    assert.equal(values.get(1).toString(), 'http/1.1');
    assert.equal(values.get(2).toString(), 'a.test');
    const facts = values.get(0x20);
    assert.equal(facts[0], flags);
    assert.equal(facts.readUInt32BE(1), name ? 0 : 1);
    assert.match(facts.toString('latin1'), /\x21\0\x07TLSv1\.3\x23\0.TLS_/);
    assert.equal(facts.toString('latin1').match(/\x22\0\x03(.*)$/)?.[1], name);
  }
});

/** One file with certificate and key, as HAProxy and hitch want it. */
function serverPem(t) {
  const directory = temporaryDirectory(t);
  openssl(directory, 'req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-days', '2', '-subj', '/CN=a.test',
    '-keyout', 'key.pem', '-out', 'cert.pem');
  const file = join(directory, 'both.pem');
  writeFileSync(file, Buffer.concat(['cert.pem', 'key.pem'].map((name) => readFileSync(join(directory, name)))));
  return file;
}

async function startHitch(t, wherry) {
  const [port] = await freePorts(1);
  const child = spawn('hitch', [`--frontend=[127.0.0.1]:${port}`, `--backend=[127.0.0.1]:${wherry.port}`,
    '--write-proxy-v2=on', '--workers=1', '--user=nobody', serverPem(t)], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  cleanup(t, async () => {
    child.kill('SIGTERM');
    await within(exit, 'hitch ends');
  });
  await eventually(() => connect(t, port).then(() => true, () => false), 'hitch listens');
  return { port };
}

const TERMINATORS = {
  'HAProxy, send-proxy-v2-ssl-cn': (t, wherry) => startHaproxy(t, ([port]) => `
listen front
    mode tcp
    bind 127.0.0.1:${port} ssl crt ${serverPem(t)}
    server wherry 127.0.0.1:${wherry.port} send-proxy-v2-ssl-cn proxy-v2-options crc32c,authority
`),
  'hitch, write-proxy-v2': startHitch,
};

for (const [name, startFront] of Object.entries(TERMINATORS)) {
  test(`${name} ends TLS in front`, async (t) => {
    const backend = await httpBackend(t);
    const wherry = await startWherry(t, ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}", proxy_protocol: { from: [127.0.0.1] } }]
${forwardTo(backend)}`);
    const front = await startFront(t, wherry);
    const { socket } = await connect(t, { port: front.port, host: '127.0.0.1', localAddress: '127.0.5.5' });
    socket.removeAllListeners('data');
    const peer = await secured(t, socket, { servername: 'a.test' });
    for (let i = 0; i < 2; i++) {
      const { headers } = JSON.parse((await exchange(peer, GET)).body);
      assert.equal(headers['x-forwarded-for'], '127.0.5.5');
      assert.equal(headers['x-forwarded-proto'], 'https');
    }
  });
}

function nginxCertificate(t) {
  const both = serverPem(t);
  return `ssl_certificate ${both}; ssl_certificate_key ${both};`;
}

const SECURED_BACKS = {
  HAProxy: (t) => startHaproxy(t, ([port]) => `
frontend back
    mode http
    bind 127.0.0.1:${port} accept-proxy ssl crt ${serverPem(t)}
    http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[ssl_fc]"
`),
  nginx: (t) => startNginx(t, {
    http: ([port]) => `server {
      listen 127.0.0.1:${port} ssl proxy_protocol;
      ${nginxCertificate(t)}
      location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port 1"; }
    }`,
  }),
};

for (const [name, startBack] of Object.entries(SECURED_BACKS)) {
  for (const version of ['v1', 'v2']) {
    test(`${version} goes bare before the handshake with ${name} behind`, async (t) => {
      const back = await startBack(t);
      const wherry = await startWherry(t, `
routes: [{ to: app }]
upstreams:
  app:
    proxy_protocol: ${version}
    tls: { verify: false }
    servers: ["https://127.0.0.1:${back.port}"]
`);
      for (let i = 0; i < 3; i++) {
        const peer = await connect(t, wherry.port);
        for (let j = 0; j < 2; j++) {
          const response = await exchange(peer, GET);
          assert.equal(response.body.toString(), `127.0.0.1:${peer.socket.localPort} 1`);
        }
      }
    });
  }
}
