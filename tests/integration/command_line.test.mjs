// SPDX-License-Identifier: MIT
// The commands, their help and their exit codes: 0 ok, 1 bad configuration, 2 bad usage, 3
// could not start.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { root } from './support/build.mjs';
import { Authority, giveToWherry } from './support/certificates.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { connectTls } from './support/tls_peer.mjs';
import { runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const plainProxy = ['proxy', '--listen', '127.0.0.1:1', '--to', 'http://127.0.0.1:1'];

test('wherry version', async (t) => {
  const { code, stdout } = await runToEnd(t, ['version']);
  assert.equal(code, 0);
  assert.match(stdout, /^wherry \d+\.\d+\.\d+/);
});

for (const args of [['--help'], ['run', '--help'], ['proxy', '--help'], ['check', '--help'], ['status', '--help'],
  ['stop', '--help'], ['version', '--help']]) {
  test(`wherry ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runToEnd(t, args);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /usage: wherry/i);
    if (args.length === 2) assert.match(stdout, new RegExp(args[0]));
  });
}

for (const args of [
  [], ['sail'], ['--sail'], ['run'], ['run', '-c'], ['run', '--config', 'x', '--what'], ['run', 'extra', '-c', 'x'],
  ['check'], ['proxy'], ['proxy', '--listen', '127.0.0.1:1'], ['proxy', '--to', 'http://127.0.0.1:1'],
  [...plainProxy, '--tls-cert', 'a.pem'], [...plainProxy, '--tls-key', 'a.pem'], [...plainProxy, '--tls-self-signed=1'],
  [...plainProxy, '--tls-self-signed', '--tls-cert', 'a.pem', '--tls-key', 'a.pem'],
  ['stop', 'extra'], ['stop', '--control'], ['status', '--json=1'],
  ['run', '-c', 'x', '--no-files'], ['run', '-c', 'x', '--tls-self-signed'],
]) {
  test(`bad usage: wherry ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runToEnd(t, args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /\S/);
  });
}

for (const args of [['nonsense', 'http://127.0.0.1:1'], ['127.0.0.1:1', 'nonsense']]) {
  test(`a bad address: wherry proxy --listen ${args[0]} --to ${args[1]}`, async (t) => {
    const { code, stderr } = await runToEnd(t, ['proxy', '--listen', args[0], '--to', args[1]]);
    assert.ok([1, 2].includes(code));
    assert.match(stderr, /nonsense/);
  });
}

test('an address in use is exit code 3', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address();
  const { code, stderr } = await runToEnd(t, ['proxy', '--listen', `127.0.0.1:${port}`, '--to', 'http://127.0.0.1:1']);
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test('a second Wherry on the same address by mistake is exit code 3', async (t) => {
  const backend = await httpBackend(t);
  const args = ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url];
  const wherry = await startWherry(t, '', { args });
  const { code } = await runToEnd(t, args([wherry.port]));
  assert.equal(code, 3);
});

test('a file that is missing is exit code 1', async (t) => {
  for (const command of ['run', 'check']) {
    const { code, stderr } = await runToEnd(t, [command, '-c', '/nonexistent/wherry.yaml']);
    assert.equal(code, 1);
    assert.match(stderr, /\/nonexistent\/wherry\.yaml/);
  }
});

test('wherry check accepts a good file', async (t) => {
  const file = join(temporaryDirectory(t), 'good.yaml');
  writeFileSync(file, 'listeners: [{ address: "127.0.0.1:8080" }]\nroutes: [{ to: a }]\nupstreams: { a: { servers: ["http://127.0.0.1:9000"] } }\n');
  const { code, stderr } = await runToEnd(t, ['check', '-c', file]);
  assert.deepEqual([code, stderr], [0, '']);
});

test('wherry check accepts every configuration that is shipped', async (t) => {
  const examples = readdirSync(`${root}config/examples`).map((name) => `examples/${name}`);
  const files = ['wherry.yaml', ...examples].filter((name) => name.endsWith('.yaml'));
  assert.ok(files.length >= 1);
  for (const file of files) {
    const { code, stderr } = await runToEnd(t, ['check', '--no-files', '-c', `${root}config/${file}`]);
    assert.deepEqual([code, stderr], [0, ''], file);
  }
});

test('wherry proxy needs no file', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, '', { args: ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url] });
  const response = await exchange(await connect(t, wherry.port), requestText('GET', '/hello'));
  assert.equal(JSON.parse(response.body).url, '/hello');
});

test('wherry proxy relays WebSockets', async (t) => {
  const backend = await scriptedBackend(t, (peer) => acceptWebSocket(peer));
  const wherry = await startWherry(t, '', { args: ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url] });
  const client = await openWebSocket(t, wherry);
  assert.equal(client.response.status, 101);
});

test('wherry proxy --tls-self-signed makes a certificate and says its fingerprint', async (t) => {
  const backend = await httpBackend(t);
  const args = ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url, '--tls-self-signed'];
  const wherry = await startWherry(t, '', { args });
  const peer = await connectTls(t, wherry.port, { rejectUnauthorized: false });
  const { fingerprint256, subjectaltname } = peer.socket.getPeerCertificate();
  await eventually(() => wherry.stderr.includes(`SHA-256 fingerprint ${fingerprint256}`), 'the fingerprint in the log');
  assert.match(subjectaltname, /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/);
  const response = await exchange(peer, requestText('GET', '/hello'));
  assert.equal(JSON.parse(response.body).headers['x-forwarded-proto'], 'https');
});

test('wherry proxy --tls-cert --tls-key', async (t) => {
  const backend = await httpBackend(t);
  const authority = new Authority(t);
  const { cert, key } = authority.issue(['localhost', '127.0.0.1']);
  const args = ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url, '--tls-cert', cert, '--tls-key', key];
  const wherry = await startWherry(t, '', { args });
  const response = await exchange(await connectTls(t, wherry.port, { ca: authority.pem }), requestText('GET', '/hello'));
  assert.equal(JSON.parse(response.body).url, '/hello');
});

test('a key that is no good stops the start and the check, and both say why', async (t) => {
  const authority = new Authority(t);
  const [one, other] = [authority.issue(['localhost']), authority.issue(['localhost'])];
  const file = join(authority.directory, 'wherry.yaml');
  const write = (key) => writeFileSync(file, `
listeners:
  - address: 127.0.0.1:0
    tls:
      certificates:
        - cert: ${one.cert}
          key: ${key}
routes: [{ redirect: { to: / } }]
`);
  giveToWherry(other.key, 0o644);
  for (const [key, pattern] of [
    [other.key, /wherry\.yaml:7:16: \S+\.key is open to others \(expected mode 0600, .* found 0644\)/],
    ['missing.key', /wherry\.yaml:7:16: \S+\/missing\.key \S.*No such file/],
    [authority.key, /wherry\.yaml:7:16: \S+\.key is not the key of \S+\.pem/],
  ]) {
    write(key);
    const check = await runToEnd(t, ['check', '-c', file]);
    assert.equal(check.code, 1);
    assert.match(check.stderr, pattern);
    const start = await runToEnd(t, ['run', '-c', file]);
    assert.equal(start.code, 3);
    assert.match(start.stderr, key === 'missing.key' ? /missing\.key/ : pattern);
    assert.equal((await runToEnd(t, ['check', '--no-files', '-c', file])).code, 0);
  }
});
