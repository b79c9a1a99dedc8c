// SPDX-License-Identifier: MIT
// Certificates that are renewed while Wherry runs: new connections get the new one, those that
// are open go on, and a pair that is no good changes nothing.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { webSocketBackend } from './support/backends.mjs';
import { Authority, giveToWherry, tlsListener } from './support/certificates.mjs';
import { eventually } from './support/deadline.mjs';
import { connectTls } from './support/tls_peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** Puts a pair at the place of another by rename, the key first. */
function replace(pair, place) {
  for (const what of ['key', 'cert']) {
    const next = `${place[what]}.next`;
    copyFileSync(pair[what], next);
    giveToWherry(next);
    renameSync(next, place[what]);
  }
}

/** A Wherry with that pair, and WebSockets open before anything changes. */
async function start(t, authority, place, sockets = 4) {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, ({ port }) => `workers: 2\n${tlsListener(port, [place])}${forwardTo(backend)}`);
  const url = `wss://127.0.0.1:${wherry.port}/`;
  const clients = await Promise.all(Array.from({ length: sockets }, () => connectWebSocket(t, url, { ca: authority.pem })));
  const served = async () => {
    const peer = await connectTls(t, wherry.port, { ca: authority.pem });
    const { fingerprint256 } = peer.socket.getPeerCertificate();
    peer.socket.destroy();
    return fingerprint256;
  };
  return {
    wherry,
    served,
    /** Every worker serves it: it is seen many times in a row. */
    async serves(pair) {
      let seen = 0;
      await eventually(async () => {
        seen = (await served()) === pair.fingerprint256 ? seen + 1 : 0;
        return seen === 12;
      }, 'all workers serve the new certificate');
    },
    async socketsLive() {
      for (const client of clients) {
        await client.send('still there?');
        assert.equal(await client.text(), 'still there?');
      }
    },
  };
}

function places(authority) {
  const folder = authority.folder('live');
  return { cert: join(folder, 'fullchain.pem'), key: join(folder, 'privkey.pem') };
}

function issueThree(authority) {
  return [1, 2, 3].map(() => authority.issue(['localhost', '127.0.0.1']));
}

test('replaced by rename, without a signal', async (t) => {
  const authority = new Authority(t);
  const [first, second, third] = issueThree(authority);
  const place = places(authority);
  replace(first, place);
  const { serves, socketsLive, wherry } = await start(t, authority, place);
  await serves(first);
  for (const next of [second, third]) {
    replace(next, place);
    await serves(next);
    await socketsLive();
  }
  const said = /certificates for localhost, 127\.0\.0\.1 until 20\d\d-\d\d-\d\d/;
  await eventually(() => said.test(wherry.stderr), 'the log says so');
});

test('written in place, then SIGHUP', async (t) => {
  const authority = new Authority(t);
  const [first, second] = issueThree(authority);
  const place = places(authority);
  replace(first, place);
  const { serves, socketsLive, wherry } = await start(t, authority, place);
  copyFileSync(second.key, place.key);
  copyFileSync(second.cert, place.cert);
  wherry.signal('SIGHUP');
  await serves(second);
  await socketsLive();
});

test('a link that leads elsewhere, as certbot sets it', async (t) => {
  const authority = new Authority(t);
  const [first, second] = issueThree(authority);
  const place = places(authority);
  const archive = authority.folder('archive');
  const link = (pair, number) => {
    for (const what of ['key', 'cert']) {
      const file = `${what}${number}.pem`;
      copyFileSync(pair[what], join(archive, file));
      giveToWherry(join(archive, file));
      symlinkSync(`../archive/${file}`, `${place[what]}.next`);
      renameSync(`${place[what]}.next`, place[what]);
    }
  };
  link(first, 1);
  const { serves, socketsLive } = await start(t, authority, place);
  await serves(first);
  link(second, 2);
  await serves(second);
  await socketsLive();
});

test('a folder behind a link, as Kubernetes sets it', async (t) => {
  const authority = new Authority(t);
  const [first, second] = issueThree(authority);
  const folder = authority.folder('secret');
  const publish = (pair, name) => {
    mkdirSync(join(folder, name));
    for (const [what, file] of [['cert', 'tls.crt'], ['key', 'tls.key']]) {
      copyFileSync(pair[what], join(folder, name, file));
      giveToWherry(join(folder, name, file));
    }
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  publish(first, '..2026_1');
  const place = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  symlinkSync('..data/tls.crt', place.cert);
  symlinkSync('..data/tls.key', place.key);
  const { serves, socketsLive } = await start(t, authority, place);
  await serves(first);
  publish(second, '..2026_2');
  await serves(second);
  await socketsLive();
});

test('what is no good leaves the old one serving, and says why', async (t) => {
  const authority = new Authority(t);
  const [first, second, third] = issueThree(authority);
  const place = places(authority);
  replace(first, place);
  const { serves, served, socketsLive, wherry } = await start(t, authority, place);
  const said = async (pattern) => {
    await eventually(() => pattern.test(wherry.stderr), `a line ${pattern} in\n${wherry.stderr}`);
    assert.equal(await served(), first.fingerprint256);
    wherry.stderr = '';
  };

  await t.test('a key of another certificate', async () => {
    replace({ cert: second.cert, key: third.key }, place);
    await said(/:\d+:\d+: \S*privkey\.pem is not the key of \S*fullchain\.pem/);
  });
  await t.test('a file that is broken', async () => {
    writeFileSync(place.cert, 'no certificate');
    await said(/fullchain\.pem holds no certificate \(expected PEM\)/);
  });
  await t.test('a key that others can read', async () => {
    copyFileSync(second.cert, place.cert);
    copyFileSync(second.key, place.key);
    giveToWherry(place.key, 0o644);
    await said(/privkey\.pem is open to others \(expected mode 0600, .*found 0644\)/);
  });
  await t.test('and the next good one is taken', async () => {
    giveToWherry(place.key);
    await serves(second);
    await socketsLive();
  });
});
