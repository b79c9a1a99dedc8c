// SPDX-License-Identifier: MIT
// Users and passwords of an htpasswd file: asked for before a backend hears of a request,
// hashed beside the loop, remembered for a minute.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { upgradeRequest } from './support/frames.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const credentials = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const authorization = (user, password) => ({ Authorization: credentials(user, password) });

function htpasswd(...args) {
  return execFileSync('htpasswd', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
}

const openssl = (kind, user, password) =>
  `${user}:${execFileSync('openssl', ['passwd', kind, password]).toString().trim()}`;

/** A file with these lines, of mode 0600. */
function passwordFile(t, lines) {
  const path = join(temporaryDirectory(t), 'users');
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o600);
  return path;
}

const YESCRYPT = '$y$j9T$6/10XQBcoHJbjqrkqvhim1$ScsvrSBPLYWR90/2GdgdbszHko42XsVkLbfBiawYzx4'; // of "x"

test('a user and a password', async (t) => {
  const file = passwordFile(t, [
    '# comment', '',
    htpasswd('-nbB', 'ann', 'secret'),
    `${htpasswd('-nbBC', '4', 'jörg', 'pass:wörd')}:a comment`,
    openssl('-6', 'sha512', 'six'), openssl('-5', 'sha256', 'five'), openssl('-1', 'md5', 'one'),
    `yes:${YESCRYPT}`,
  ]);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t,
    forwardTo(backend, `basic_auth: { file: "${file}", realm: "the inside", forward: X-User }`));
  const ask = async (fields, path = '/') =>
    exchange(await connect(t, wherry.port), requestText('GET', path, fields));

  await t.test('without them: 401, and what is asked for', async () => {
    const response = await ask({});
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), 'Basic realm="the inside", charset="UTF-8"');
    assert.equal(backend.requests.length, 0);
    assert.equal((await wherry.accessLine({ status: 401 })).reason, 'refused');
  });

  for (const [user, password] of [['ann', 'secret'], ['jörg', 'pass:wörd'], ['sha512', 'six'],
    ['sha256', 'five'], ['md5', 'one'], ['yes', 'x']]) {
    await t.test(`${user} gets in, again without a hash, and not with another password`, async () => {
      for (let i = 0; i < 2; i++) {
        const response = await ask(authorization(user, password));
        assert.equal(response.status, 200);
        const { rawHeaders } = JSON.parse(response.body);
        const sent = rawHeaders[rawHeaders.indexOf('X-User') + 1];
        assert.equal(Buffer.from(sent, 'latin1').toString('utf8'), user);
      }
      assert.equal((await ask(authorization(user, `${password}x`))).status, 401);
      assert.equal((await ask(authorization(user, ''))).status, 401);
    });
  }

  await t.test('wrong ones', async () => {
    for (const value of [credentials('nobody', 'secret'), credentials('Ann', 'secret'), credentials('ann ', 'secret'),
      credentials('', 'secret'), 'Basic', 'Basic ', 'Basic !!!!', 'Basic YW5u', 'Bearer abc',
      'Basic YW5uOnNlY3JldA', 'Basic YW5uOnNlY3JldA= =', credentials('ann', 'secret\0'),
      credentials('ann', 'x'.repeat(600)), credentials('a'.repeat(300), 'secret')]) {
      const before = backend.requests.length;
      const response = await ask({ Authorization: value });
      assert.equal(response.status, 401, value);
      assert.ok(response.headers.has('www-authenticate'));
      assert.equal(backend.requests.length, before);
    }
  });

  await t.test('the scheme in any case, with more space', async () => {
    const value = credentials('ann', 'secret').replace('Basic ', 'bAsIc   ');
    assert.equal((await ask({ Authorization: value })).status, 200);
  });

  await t.test('a client can not name itself to the backend', async () => {
    const lines = ['X-User: root', 'X_User: root', 'x-user: root', `Authorization: ${credentials('ann', 'secret')}`];
    const { headers } = JSON.parse((await ask(lines)).body);
    assert.equal(headers['x-user'], 'ann');
    assert.equal('x_user' in headers, false);
    assert.equal(headers.authorization, credentials('ann', 'secret'));
  });

  await t.test('the user stands in the access line, and the password nowhere', async () => {
    assert.equal((await wherry.accessLine({ status: 200, user: 'ann' })).user, 'ann');
    assert.ok(!wherry.accessLines.some((line) => line.status === 401 && 'user' in line));
    const logged = wherry.stderr + wherry.textLines.join('\n');
    for (const text of ['secret', Buffer.from('ann:secret').toString('base64'), 'pass:w']) {
      assert.ok(!logged.includes(text), text);
    }
  });

  await t.test('curl -u', async () => {
    const curl = async (user) => (await promisify(execFile)('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}',
      '-u', user, '--max-time', '20', `${wherry.url}/`])).stdout;
    assert.equal(await curl('ann:secret'), '200');
    assert.equal(await curl('ann:wrong'), '401');
  });

  await t.test('a body waits for the decision', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('POST', '/', { ...authorization('sha256', 'five'), 'Content-Length': 5,
      Expect: '100-continue' }));
    const first = (await peer.readUntil('\r\n\r\n')).toString();
    assert.match(first, /^HTTP\/1\.1 100 /);
    await peer.send('hello');
    assert.equal(JSON.parse((await readResponse(peer)).body).body, 'hello');
  });

  await t.test('a refused client is not asked for its body', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('POST', '/', { ...authorization('sha256', 'wrong'),
      'Content-Length': 5, Expect: '100-continue' }));
    assert.equal(response.status, 401);
    assert.equal(response.interim.length, 0);
    assert.equal(response.headers.get('connection'), 'close');
  });

  await t.test('pipelined requests are judged one by one, each with a body', async () => {
    const peer = await connect(t, wherry.port);
    const request = (user, password, text) =>
      requestText('POST', '/', { ...authorization(user, password), 'Content-Length': text.length }, text);
    await peer.send(request('sha512', 'six', 'one') + request('md5', 'one', 'two') +
      requestText('GET', '/', authorization('md5', 'bad')) + request('ann', 'secret', 'four'));
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await readResponse(peer));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 401, 200]);
    assert.deepEqual([0, 1, 3].map((i) => JSON.parse(answers[i].body).body), ['one', 'two', 'four']);
  });

  await t.test('a client that leaves meanwhile leaves nothing behind', async () => {
    const peers = await Promise.all(Array.from({ length: 20 }, () => connect(t, wherry.port)));
    await Promise.all(peers.map((peer, i) => peer.send(requestText('GET', '/', authorization('yes', `wrong${i}`)))));
    for (const peer of peers) peer.reset();
    assert.equal((await ask(authorization('yes', 'x'))).status, 200);
  });
});

test('a WebSocket asks before the upgrade', async (t) => {
  const file = passwordFile(t, [htpasswd('-nbB', 'ann', 'secret')]);
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, `basic_auth: { file: "${file}" }`));

  await t.test('401 instead of 101', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, upgradeRequest('/', authorization('ann', 'wrong')));
    assert.equal(response.status, 401);
    assert.equal(backend.sockets.size, 0);
  });

  await t.test('and goes through with them', async () => {
    const client = await connectWebSocket(t, wherry.webSocketUrl, { headers: authorization('ann', 'secret') });
    await client.send('hello');
    assert.equal(await client.text(), 'hello');
    client.socket.close(1000);
    await client.closed();
    assert.equal((await wherry.accessLine({ status: 101 })).user, 'ann');
  });
});

test('more passwords than can be hashed', async (t) => {
  const file = passwordFile(t, [htpasswd('-nbBC', '7', 'ann', 'secret')]);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `trusted_proxies: [127.0.0.1]\n${forwardTo(backend, `basic_auth: { file: "${file}" }`)}`);
  assert.equal((await exchange(await connect(t, wherry.port), requestText('GET', '/', authorization('ann', 'secret')))).status, 200);

  const guess = (peer, i, client) =>
    exchange(peer, requestText('GET', '/', { ...authorization('ann', `guess${i}`), 'X-Forwarded-For': client }));
  // Their connections are there before, so that the guesses come faster than they are hashed.
  const peers = await Promise.all(Array.from({ length: 80 }, () => connect(t, wherry.port)));
  const guesses = Promise.all(peers.map((peer, i) => guess(peer, i, '192.0.2.1')));

  await t.test('others get through meanwhile, and whom one remembers at once', async () => {
    const response = await exchange(await connect(t, wherry.port), requestText('GET', '/', authorization('ann', 'secret')));
    assert.equal(response.status, 200);
    assert.equal((await guess(await connect(t, wherry.port), 'x', '192.0.2.2')).status, 401);
  });

  await t.test('one source is told to come later', async () => {
    const answers = await guesses;
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.every((status) => status === 401 || status === 503), `${statuses}`);
    assert.ok(statuses.filter((status) => status === 401).length >= 32);
    const busy = answers.find(({ status }) => status === 503);
    assert.ok(busy, 'none was refused');
    assert.equal(busy.headers.get('retry-after'), '1');
  });
});

test('it stops while passwords wait', async (t) => {
  const file = passwordFile(t, [htpasswd('-nbBC', '12', 'ann', 'secret')]);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `workers: 2\n${forwardTo(backend, `basic_auth: { file: "${file}" }`)}`);
  const peers = await Promise.all(Array.from({ length: 20 }, () => connect(t, wherry.port)));
  await Promise.all(peers.map((peer, i) => peer.send(requestText('GET', '/', authorization('ann', `wrong${i}`)))));
  wherry.signal('SIGTERM');
  await wherry.ended();
});

test('a file with mistakes', async (t) => {
  const check = (lines, mode = 0o600) => {
    const path = passwordFile(t, lines);
    chmodSync(path, mode);
    const config = join(temporaryDirectory(t), 'wherry.yaml');
    writeFileSync(config, `user: root\nlisteners: [{ address: "127.0.0.1:0" }]\n${forwardTo('http://127.0.0.1:1', `basic_auth: { file: "${path}" }`)}`);
    return runToEnd(t, ['check', '-c', config]);
  };

  await t.test('is refused, line by line, without a hash or a password', async () => {
    const { code, stderr } = await check(['good:$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm',
      htpasswd('-nbm', 'apache', 'secret'), htpasswd('-nbs', 'sha', 'secret'), 'plain:hunter2', 'hunter3']);
    assert.equal(code, 1);
    assert.match(stderr, /users:2: user "apache": \$apr1\$ .*htpasswd -B/);
    assert.match(stderr, /users:3: user "sha": \{SHA\} .*htpasswd -B/);
    assert.match(stderr, /users:4: user "plain": .*htpasswd -B/);
    assert.match(stderr, /users:5: no colon/);
    assert.doesNotMatch(stderr, /hunter|good/);
  });

  await t.test('is refused if others may read it', async () => {
    const { code, stderr } = await check(['good:$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm'], 0o644);
    assert.equal(code, 1);
    assert.match(stderr, /wherry\.yaml:\d+:\d+: .*open to others/);
  });
});
