// SPDX-License-Identifier: MIT
// What the run user can't open fails at the start, with its name, and not at the first reload
// (SECURITY T62); what others can read is no key.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { isRoot, NOBODY } from './support/hardening.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const asRoot = { skip: isRoot ? false : 'only root can become somebody else' };

function makeKey(directory, mode) {
  const key = join(directory, 'key.pem');
  const cert = join(directory, 'cert.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
    '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  chmodSync(key, mode);
  return { key, cert };
}

const withTls = ({ cert, key }, user) => `user: ${user}
listeners:
  - address: "127.0.0.1:0"
    tls: { certificates: [{ cert: ${cert}, key: ${key} }] }
${forwardTo('http://127.0.0.1:9')}`;

async function refused(t, text) {
  const file = join(temporaryDirectory(t), 'wherry.yaml');
  writeFileSync(file, text);
  const { code, stderr } = await runToEnd(t, ['run', '-c', file]);
  assert.equal(code, 3, stderr);
  return stderr;
}

test('log files are the run user\'s own, and opened anew by it', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const logs = join(directory, 'logs');
  mkdirSync(logs, 0o700);
  chownSync(logs, NOBODY, 65534);
  const access = join(logs, 'access.log');
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, `user: nobody\nlog: { format: json, access: ${access} }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('GET', '/before'));
  await eventually(() => readFileSync(access, 'utf8').includes('/before'), 'the first line');
  assert.equal(statSync(access).uid, NOBODY);
  renameSync(access, `${access}.1`);
  wherry.signal('SIGUSR1');
  await eventually(() => existsSync(access), 'the new file');
  await eventually(async () => {
    await exchange(peer, requestText('GET', '/after'));
    return readFileSync(access, 'utf8').includes('/after');
  }, 'a line in the new file');
  assert.equal(statSync(access).uid, NOBODY);
});

test('a log that the run user can\'t open', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  const stderr = await refused(t, `user: nobody
log: { access: ${directory}/access.log }
listeners: [{ address: "127.0.0.1:0" }]
${forwardTo('http://127.0.0.1:9')}`);
  assert.match(stderr, /log\.access \S+\/access\.log: Permission denied \(expected what user nobody may write\)/);
});

test('a key that the run user can\'t read', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const files = makeKey(directory, 0o600);
  const stderr = await refused(t, withTls(files, 'nobody'));
  assert.match(stderr, /wherry\.yaml:4:\d+: \S+key\.pem: Permission denied \(expected .* user nobody may read\)/);
});

test('wherry check by root finds what the run user can\'t read', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const file = join(directory, 'wherry.yaml');
  const write = (user) => writeFileSync(file, withTls(makeKey(directory, 0o600), user));
  write('nobody');
  const { code, stderr } = await runToEnd(t, ['check', '-c', file]);
  assert.equal(code, 1);
  assert.match(stderr, /wherry\.yaml:4:\d+: \S+key\.pem can't be read: Permission denied/);
  assert.match(stderr, /files were loaded as user nobody/);
  write('root');
  assert.equal((await runToEnd(t, ['check', '-c', file])).code, 0);
  write('no-such-user');
  assert.match((await runToEnd(t, ['check', '-c', file])).stderr, /there is no user "no-such-user"/);
});

test('a key that the run user may read as one of its group', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const { cert, key } = makeKey(directory, 0o640);
  chownSync(key, 0, 65534);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, ({ ports }) => `user: nobody
listeners:
  - address: "127.0.0.1:${ports[0]}"
    tls: { certificates: [{ cert: ${cert}, key: ${key} }] }
${forwardTo(backend)}`);
  await eventually(() => /certificates for localhost/.test(wherry.stderr), 'certificates');
});

test('a key that others can read is refused', async (t) => {
  for (const mode of [0o644, 0o604]) {
    const files = makeKey(temporaryDirectory(t), mode);
    const stderr = await refused(t, withTls(files, isRoot ? 'root' : 'nobody'));
    assert.match(stderr, /key\.pem is open to others \(expected mode 0600, .*, found 06[04]4\)/);
  }
});

test('a key of a foreign group is refused', asRoot, async (t) => {
  const files = makeKey(temporaryDirectory(t), 0o640);
  chownSync(files.key, 0, 54321);
  assert.match(await refused(t, withTls(files, 'root')), /key\.pem is open to the group 54321/);
});

test('wherry proxy reads a key of root\'s before it is nobody', asRoot, async (t) => {
  const { cert, key } = makeKey(temporaryDirectory(t), 0o600);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, '', {
    args: ([port]) => ['proxy', '--listen', `127.0.0.1:${port}`, '--to', backend.url,
      '--tls-cert', cert, '--tls-key', key],
  });
  await eventually(() => /certificates for localhost/.test(wherry.stderr), 'certificates');
  assert.match(wherry.stderr, /hardening: user (nobody|wherry),/);
});
