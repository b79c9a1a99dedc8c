// SPDX-License-Identifier: MIT
// Sessions of TLS are resumed on any worker, but for no other name, and carry no early data.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { pause } from './support/deadline.mjs';
import { requestText } from './support/http_text.mjs';
import { sClient } from './support/tls_peer.mjs';
import { upgrade } from './support/upgrade.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const HOSTS = ['a.test', 'b.test', 'also-a.test'];
const request = (host) => requestText('GET', '/', { Host: host, Connection: 'close' });

async function start(t, authority) {
  const backend = await httpBackend(t);
  const pairs = [authority.issue(['a.test', 'also-a.test']), authority.issue(['b.test'])];
  return startWherry(t, ({ port }) => `workers: 4\n${tlsListener(port, pairs)}${forwardTo(backend)}`);
}

test('sessions', async (t) => {
  const authority = new Authority(t);
  const wherry = await start(t, authority);
  const file = authority.path('session.pem');

  const ask = async (host, args) => {
    const { output } = await sClient(t, wherry.port, ['-servername', host, '-ign_eof', ...args], request(host));
    assert.match(output, /HTTP\/1\.1 200/, output);
    return /^Reused, /m.test(output);
  };

  for (const version of ['-tls1_2', '-tls1_3']) {
    await t.test(`${version}: are resumed, whichever of 4 workers has them`, async () => {
      assert.equal(await ask('a.test', [version, '-sess_out', file]), false);
      for (let i = 0; i < 24; i++) {
        assert.equal(await ask('a.test', [version, '-sess_in', file, '-sess_out', file]), true, `time ${i}`);
      }
    });

    await t.test(`${version}: are not resumed for another name`, async () => {
      for (const first of HOSTS) {
        await ask(first, [version, '-sess_out', file]);
        for (const second of HOSTS) {
          assert.equal(await ask(second, [version, '-sess_in', file]), first === second, `${first}, then ${second}`);
        }
      }
    });
  }

  await t.test('another Wherry does not know them', async () => {
    const other = await start(t, authority);
    await ask('a.test', ['-sess_out', file]);
    const { output } = await sClient(t, other.port, ['-servername', 'a.test', '-ign_eof', '-sess_in', file], request('a.test'));
    assert.match(output, /^New, /m);
    assert.match(output, /HTTP\/1\.1 200/);
  });

  await t.test('early data is not even offered', async () => {
    const early = authority.path('early.txt');
    writeFileSync(early, request('a.test'));
    await ask('a.test', ['-tls1_3', '-sess_out', file]);
    const { output } = await sClient(t, wherry.port, [
      '-tls1_3', '-servername', 'a.test', '-sess_in', file, '-early_data', early, '-ign_eof',
    ], request('a.test'));
    assert.doesNotMatch(output, /Early data was accepted/);
    assert.equal(output.match(/HTTP\/1\.1 200/g).length, 1, output);
  });

  await t.test('renegotiation is refused', async () => {
    const { output } = await sClient(t, wherry.port, ['-tls1_2', '-servername', 'a.test'], 'R\n');
    assert.doesNotMatch(output, /HTTP\/1\.1 200/);
    assert.match(output, /no renegotiation|RENEGOTIATING/i);
  });
});

test("a session does not outlive its client's certificate", async (t) => {
  const authority = new Authority(t);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, ({ port }) => (
    tlsListener(port, [authority.issue(['a.test'])], `client_ca: "${authority.cert}"`) + forwardTo(backend)));
  const end = new Date(Date.now() + 10_000);
  const { cert, key } = authority.issueUntil('client', end);

  const ask = async (version, ...args) => {
    const { output } = await sClient(t, wherry.port, [
      version, '-servername', 'a.test', '-ign_eof', '-cert', cert, '-key', key, ...args,
    ], request('a.test'));
    return output;
  };
  const versions = ['-tls1_2', '-tls1_3'];
  const session = (version) => authority.path(`session${version}.pem`);

  await Promise.all(versions.map(async (version) => {
    assert.match(await ask(version, '-sess_out', session(version)), /HTTP\/1\.1 200/);
    assert.match(await ask(version, '-sess_in', session(version)), /^Reused, [^]*HTTP\/1\.1 200/m, 'until then it is resumed');
  }));
  await pause(end - Date.now() + 1500);
  for (const version of versions) {
    const output = await ask(version, '-sess_in', session(version));
    assert.doesNotMatch(output, /HTTP\/1\.1 200/, version);
    assert.match(output, /certificate expired/, version);
  }
});

test('sessions outlive an upgrade', async (t) => {
  const authority = new Authority(t);
  const wherry = await start(t, authority);
  const file = authority.path('session.pem');
  const ask = async (args) => {
    const { output } = await sClient(t, wherry.port, ['-servername', 'a.test', '-ign_eof', ...args], request('a.test'));
    assert.match(output, /HTTP\/1\.1 200/, output);
    return /^Reused, /m.test(output);
  };
  assert.equal(await ask(['-sess_out', file]), false);
  await upgrade(t, wherry);
  await wherry.ended();
  assert.equal(await ask(['-sess_in', file]), true);
});
