// SPDX-License-Identifier: MIT
// HTTP and WebSocket over TLS, as real clients speak it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { connectTls, sClient } from './support/tls_peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const run = promisify(execFile);

function startTls(t, backend, certificates, more) {
  return startWherry(t, ({ port }) => tlsListener(port, certificates, more) + forwardTo(backend));
}

test('openssl, curl and Node', async (t) => {
  const authority = new Authority(t);
  const backend = await httpBackend(t);
  const wherry = await startTls(t, backend, [authority.issue(['localhost', '127.0.0.1'])]);

  for (const version of ['-tls1_2', '-tls1_3']) {
    await t.test(`openssl s_client ${version}`, async () => {
      const request = requestText('GET', '/hello', { Host: 'localhost', Connection: 'close' });
      const { code, output } = await sClient(t, wherry.port, [
        version, '-servername', 'localhost', '-CAfile', authority.cert, '-verify_return_error', '-ign_eof', '-quiet',
        '-verify_hostname', 'localhost',
      ], request);
      assert.equal(code, 0, output);
      assert.match(output, /HTTP\/1\.1 200/);
      assert.match(output, /"url":"\/hello"/);
      assert.match(output, /"x-forwarded-proto":"https"/);
    });
  }

  for (const version of ['-tls1_1', '-tls1']) {
    await t.test(`openssl s_client ${version} is too old`, async () => {
      const { code, output } = await sClient(t, wherry.port, [version, '-cipher', 'ALL:@SECLEVEL=0']);
      assert.notEqual(code, 0);
      assert.match(output, /alert protocol version/);
    });
  }

  await t.test('curl', async () => {
    const { stdout } = await run('curl', [
      '-sS', '--http1.1', '--cacert', authority.cert, `https://localhost:${wherry.port}/curl`, '--resolve', `localhost:${wherry.port}:127.0.0.1`,
    ]);
    assert.equal(JSON.parse(stdout).url, '/curl');
    const withAlpn = await run('curl', [
      '-sS', '--cacert', authority.cert, '-o', '/dev/null', '-w', '%{http_version}', `https://127.0.0.1:${wherry.port}/`,
    ]);
    assert.equal(withAlpn.stdout, '1.1');
  });

  await t.test('Node', async () => {
    const response = await new Promise((resolve, reject) => {
      https.get({ port: wherry.port, host: '127.0.0.1', path: '/node', ca: authority.pem }, resolve).on('error', reject);
    });
    response.resume();
    assert.equal(response.statusCode, 200);
  });

  await t.test('plain HTTP on that port is no HTTP', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('GET', '/'));
    await peer.over();
    assert.doesNotMatch(peer.peek().toString('latin1'), /^HTTP/);
  });
});

test('a ClientHello that is announced to be long is refused at once', async (t) => {
  const authority = new Authority(t);
  const wherry = await startTls(t, await httpBackend(t), [authority.issue(['localhost'])]);
  const peer = await connect(t, wherry.port);
  await peer.send(Buffer.from('160301001001020144', 'hex'));
  await peer.over();
  await wherry.accessLine({ reason: 'client_tls', detail: /ClientHello of more than 16 KiB/ });
});

test('a WebSocket over TLS, with large messages', async (t) => {
  const authority = new Authority(t);
  const backend = await webSocketBackend(t);
  const wherry = await startTls(t, backend, [authority.issue(['localhost', '127.0.0.1'])]);
  const client = await connectWebSocket(t, `wss://127.0.0.1:${wherry.port}/`, { ca: authority.pem });
  for (const size of [0, 1, 125, 126, 16_384, 65_536, 1_000_000]) {
    const sent = Buffer.alloc(size, 'x');
    await client.send(sent);
    const { data } = await client.message();
    assert.ok(data.equals(sent), `${size} bytes`);
  }
  client.socket.close(1000, 'bye');
  assert.deepEqual(await client.closed(), { code: 1000, reason: 'bye' });
});

test('ECDSA and RSA side by side on one name', async (t) => {
  const authority = new Authority(t);
  const wherry = await startTls(t, await httpBackend(t), [
    authority.issue(['localhost'], { kind: 'rsa' }), authority.issue(['localhost']),
  ]);
  for (const [sigalgs, expected] of [['RSA+SHA256', /2048 bit/], ['ECDSA+SHA256', /256 bit/]]) {
    const { output } = await sClient(t, wherry.port, ['-tls1_2', '-servername', 'localhost', '-sigalgs', sigalgs]);
    assert.match(output, /Server public key is/);
    assert.match(output, expected);
  }
});

test('hosts of a listener', async (t) => {
  const authority = new Authority(t);
  const certificates = [
    authority.issue(['a.test', 'also-a.test']), authority.issue(['b.test']), authority.issue(['*.wild.test']),
  ];
  const wherry = await startTls(t, await httpBackend(t), certificates);
  const ask = async (servername, host) => {
    const peer = await connectTls(t, wherry.port, { servername, ca: authority.pem, checkServerIdentity: () => undefined });
    const { fingerprint256 } = peer.socket.getPeerCertificate();
    const response = await exchange(peer, requestText('GET', '/', { Host: host, Connection: 'close' }));
    return { status: response.status, certificate: certificates.findIndex((one) => one.fingerprint256 === fingerprint256) };
  };
  for (const [servername, host, certificate, status] of [
    ['a.test', 'a.test', 0, 200],
    ['a.test', `A.TEST:${wherry.port}`, 0, 200],
    ['a.test', 'also-a.test', 0, 200],
    ['a.test', 'b.test', 0, 421],
    ['a.test', 'x.wild.test', 0, 421],
    ['a.test', 'unknown.test', 0, 200],
    ['b.test', 'b.test', 1, 200],
    ['b.test', 'a.test', 1, 421],
    ['x.wild.test', 'y.wild.test', 2, 200],
    ['x.wild.test', 'b.test', 2, 421],
    ['unknown.test', 'a.test', 0, 200],
    ['', 'b.test', 0, 200],
  ]) {
    assert.deepEqual(await ask(servername, host), { status, certificate }, `SNI ${servername}, Host ${host}`);
  }
});

test('a name that no certificate has is refused if it is to be', async (t) => {
  const authority = new Authority(t);
  const wherry = await startTls(t, await httpBackend(t), [authority.issue(['a.test'])], 'unknown_name: refuse');
  for (const [args, expected] of [
    [['-servername', 'a.test'], /Cipher is TLS_AES/], [['-servername', 'b.test'], /unrecognized name/], [['-noservername'], /unrecognized name/],
  ]) {
    const { output } = await sClient(t, wherry.port, args);
    assert.match(output, expected);
  }
  await wherry.accessLine({ reason: 'client_tls', detail: /no certificate has the name in the client's SNI/ });
});

test('TLS at a port for plain HTTP ends at once and says why', async (t) => {
  const wherry = await startWherry(t, forwardTo(await httpBackend(t)));
  const { output } = await sClient(t, wherry.port, []);
  assert.match(output, /wrong version number|packet length too long/);
  const line = await wherry.accessLine({ status: 400 });
  assert.equal(line.detail, 'TLS where plain HTTP was expected');
});

test('client certificates', async (t) => {
  const authority = new Authority(t);
  const stranger = new Authority(t);
  const alice = authority.issue(['alice']);
  const mallory = stranger.issue(['mallory']);
  const backend = await httpBackend(t);
  const server = authority.issue(['localhost']);
  const spoofed = {
    'X-SSL-Client-Verify': 'SUCCESS', 'X-SSL-Client-DN': 'CN=admin', X_SSL_Client_DN: 'CN=admin', 'Client-Cert': ':AA==:',
  };
  const asker = (wherry) => async (pair) => {
    const shown = pair ? { cert: readFileSync(pair.cert), key: readFileSync(pair.key) } : {};
    const peer = await connectTls(t, wherry.port, { servername: 'localhost', ca: authority.pem, ...shown });
    const response = await exchange(peer, requestText('GET', '/', { Connection: 'close', ...spoofed }));
    return JSON.parse(response.body).headers;
  };

  await t.test('are required by default', async () => {
    const wherry = await startTls(t, backend, [server], `client_ca: "${authority.cert}"`);
    const ask = asker(wherry);
    const seen = await ask(alice);
    assert.equal(seen['x-ssl-client-verify'], 'SUCCESS');
    assert.equal(seen['x-ssl-client-dn'], 'CN=alice,O=Test');
    assert.equal(seen['x-ssl-client-issuer-dn'], 'CN=Test CA,O=Test');
    assert.equal(seen['x-ssl-client-serial'], alice.serialNumber);
    assert.equal(seen['x-ssl-client-sha256'], alice.fingerprint256.replaceAll(':', ''));
    assert.equal(seen['client-cert'], undefined);
    assert.equal(seen.x_ssl_client_dn, undefined);
    await assert.rejects(ask(undefined));
    await assert.rejects(ask(mallory));
  });

  await t.test('or optional', async () => {
    const wherry = await startTls(t, backend, [server], `client_ca: "${authority.cert}"\nclient_auth: optional`);
    const ask = asker(wherry);
    assert.equal((await ask(alice))['x-ssl-client-dn'], 'CN=alice,O=Test');
    const seen = await ask(undefined);
    assert.equal(seen['x-ssl-client-verify'], 'NONE');
    assert.equal(seen['x-ssl-client-dn'], undefined);
    await assert.rejects(ask(mallory));
  });

  await t.test('without client_ca nobody is asked, and claims are dropped', async () => {
    const wherry = await startTls(t, backend, [server]);
    const seen = await asker(wherry)(alice);
    assert.deepEqual(Object.keys(seen).filter((name) => /ssl|client/i.test(name)), []);
  });
});
