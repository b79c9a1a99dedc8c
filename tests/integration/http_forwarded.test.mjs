// SPDX-License-Identifier: MIT
// Who the client is: told by Wherry, not by the client, unless the peer is a trusted proxy.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';

import { httpBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { within } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect, Peer } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const SPOOFED = [
  'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.test',
  'Forwarded: for=1.2.3.4;proto=https', 'X-Real-IP: 1.2.3.4',
];

function asker(t, wherry, target = wherry.port) {
  return async (fields) => {
    const response = await exchange(await connect(t, target), requestText('GET', '/', fields));
    assert.equal(response.status, 200);
    return { seen: JSON.parse(response.body).headers, response };
  };
}

test('an untrusted client', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const ask = asker(t, wherry);

  await t.test('is named by its address', async () => {
    const { seen } = await ask([]);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'http');
    assert.equal(seen['x-forwarded-host'], 'a.test');
    assert.match(seen.forwarded, /for="?127\.0\.0\.1"?/);
    assert.match(seen.forwarded, /proto=http(;|$)/);
    assert.match(seen.forwarded, /host="?a\.test"?/);
    assert.match(seen.via, /^1\.1 /);
  });

  await t.test('can not say otherwise', async () => {
    const { seen } = await ask(SPOOFED);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'http');
    assert.equal(seen['x-forwarded-host'], 'a.test');
    assert.doesNotMatch(seen.forwarded, /1\.2\.3\.4/);
  });

  await t.test('nor in fields that some backends believe', async () => {
    const { seen } = await ask([...SPOOFED, 'X-Forwarded-Port: 1', 'X-Forwarded-Prefix: /evil', 'x-forwarded-server: evil',
      'X-Forwarded-Ssl: on', 'X-Forwarded-User: root', 'x_real_ip: 1.2.3.4', 'X-Forward: kept']);
    for (const name of ['port', 'prefix', 'server', 'ssl', 'user']) assert.equal(`x-forwarded-${name}` in seen, false, name);
    assert.equal('x-real-ip' in seen, false);
    assert.equal('x_real_ip' in seen, false);
    assert.equal(seen['x-forward'], 'kept');
  });

  await t.test('not through names that some backends fold', async () => {
    const { seen } = await ask(['X_Forwarded_For: 1.2.3.4', 'x_forwarded-proto: https', 'X-Kept_Name: 1']);
    assert.equal('x_forwarded_for' in seen, false);
    assert.equal('x_forwarded-proto' in seen, false);
    assert.equal(seen['x-kept_name'], '1');
  });

  await t.test('sees Via too', async () => {
    assert.match((await ask([])).response.headers.get('via'), /^1\.1 /);
  });
});

test('a trusted proxy', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]\n${forwardTo(backend)}`);
  const ask = asker(t, wherry);

  await t.test('adds to what it said', async () => {
    const { seen } = await ask(['X-Forwarded-For: 1.2.3.4, 10.0.0.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.test']);
    assert.equal(seen['x-forwarded-for'], '1.2.3.4, 10.0.0.1, 127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'https');
    assert.equal(seen['x-forwarded-host'], 'shop.test');
  });

  await t.test('may say more, but not in two spellings', async () => {
    const { seen } = await ask(['X-Forwarded-Port: 8443', 'X-Real-IP: 1.2.3.4', 'X_Forwarded_Port: 1']);
    assert.equal(seen['x-forwarded-port'], '8443');
    assert.equal(seen['x-real-ip'], '1.2.3.4');
    assert.equal('x_forwarded_port' in seen, false);
  });

  await t.test('three hops, IPv6, ports, and a hundred entries go on as they came', async () => {
    for (const chain of ['1.2.3.4, 10.0.0.2, 10.0.0.1', '2001:db8::7', '[2001:db8::8]:1234, 1.2.3.4:80',
      Array.from({ length: 100 }, (_, i) => `9.9.9.${i}`).join(', ')]) {
      const { seen } = await ask([`X-Forwarded-For: ${chain}`]);
      assert.equal(seen['x-forwarded-for'], `${chain}, 127.0.0.1`);
    }
    const { seen } = await ask(['X-Forwarded-For: 1.2.3.4', 'Accept: */*', 'X-Forwarded-For: 10.0.0.1',
      'Forwarded: for=1.2.3.4;proto=https', 'Forwarded: for="[2001:db8::7]:80"']);
    assert.equal(seen['x-forwarded-for'], '1.2.3.4, 10.0.0.1, 127.0.0.1');
    assert.match(seen.forwarded, /^for=1\.2\.3\.4;proto=https, for="\[2001:db8::7\]:80", for=127\.0\.0\.1;/);
  });

  await t.test('the right-most untrusted address is the client in the log', async () => {
    for (const [chain, client] of [
      ['6.6.6.6, 1.2.3.4, 10.0.0.1', '1.2.3.4'],
      ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
      ['2001:db8::7, 10.0.0.1', '2001:db8::7'],
      ['1.2.3.5:5678, 10.0.0.1', '1.2.3.5'],
      ['[2001:db8::8]:1234', '2001:db8::8'],
      [Array.from({ length: 100 }, (_, i) => `9.9.9.${i}`).join(', '), '9.9.9.99'],
    ]) {
      await ask([`X-Forwarded-For: ${chain}`]);
      const line = await wherry.accessLine({ client });
      assert.ok(line);
    }
  });

  await t.test('nonsense in the list is no address', async () => {
    const { seen } = await ask(['X-Forwarded-For: unknown, <script>']);
    assert.match(seen['x-forwarded-for'], /127\.0\.0\.1$/);
  });
});

test('Via of others is kept', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { seen } = await asker(t, wherry)(['Via: 1.0 fred']);
  assert.match(seen.via, /^1\.0 fred, 1\.1 /);
});

test('over TLS it is https, whatever a stranger says', async (t) => {
  const auth = await httpBackend(t, (request, response) => response.end());
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, (own) => `
listeners: [{ address: "127.0.0.1:${own.port}", tls: { self_signed: true } }]
${forwardTo(backend, `forward_auth: { url: "${auth.url}" }`)}`);
  const socket = tls.connect({ port: wherry.port, host: '127.0.0.1', rejectUnauthorized: false });
  cleanup(t, () => socket.destroy());
  await within(once(socket, 'secureConnect'), 'a TLS handshake');
  const response = await exchange(new Peer(socket),
    requestText('GET', '/', ['X-Forwarded-Proto: http', 'Forwarded: proto=http', 'X-Forwarded-Ssl: off']));
  const seen = JSON.parse(response.body).headers;
  for (const headers of [seen, auth.requests[0].headers]) {
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.match(headers.forwarded, /^for=127\.0\.0\.1;host="a\.test";proto=https$/);
    assert.equal('x-forwarded-ssl' in headers, false);
  }
});
