// SPDX-License-Identifier: MIT
// `wherry explain`: what it says of a site, as a transcript. Settings, which follow, grow
// with every key: of them only the ones that the site changes are looked at.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { root } from './support/build.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const folder = 'tests/data/explain';

/** "--header 'A: b'" is two words. */
function wordsOf(line) {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

function explain(t, words) {
  return runToEnd(t, ['explain', '-c', `${folder}/site.yaml`, ...words], { cwd: root });
}

/** Without the settings. */
function decision(stdout) {
  return stdout.split(/^(?:websocket|upstream|limits)$/m)[0];
}

const transcript = readFileSync(join(root, folder, 'site.txt'), 'utf8');
for (const [, command, expected] of transcript.matchAll(/^\$ wherry explain (.*)\n((?:.+\n)*)/gm)) {
  test(command, async (t) => {
    const { code, stdout, stderr } = await explain(t, wordsOf(command));
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(decision(stdout), expected);
  });
}

test('settings of the route win', async (t) => {
  const { stdout } = await explain(t, ['https://www.example.com/api/', '--json']);
  const answer = JSON.parse(stdout);
  assert.equal(answer.timeouts.response, '7s');
  assert.equal(answer.timeouts.idle, '1m');
  assert.equal(answer.limits.body, '5MiB');
  assert.equal(answer.limits.of_the_route.concurrent, 'off');
  assert.equal(answer.upstream.name, 'app');
  assert.equal(answer.websocket.handshake.slice(0, 8), 'gets 403');
});

test('a request learns what its WebSocket would get', async (t) => {
  const { stdout } = await explain(t, [
    'https://a.example.com/ws/', '--header', 'Sec-WebSocket-Protocol: chat.v2', '--json',
  ]);
  const answer = JSON.parse(stdout);
  assert.equal(answer.websocket.handshake, 'is taken by route chat');
  assert.equal(answer.websocket.max_message, '16MiB');
  assert.equal(answer.upstream.balance, 'hash:cookie=user');
  assert.deepEqual(answer.upstream.servers.map(({ url }) => url), ['http://10.0.0.1:9000', 'http://10.0.0.2:9000']);
});

test('what is pushed', async (t) => {
  const config = join(temporaryDirectory(t), 'wherry.yaml');
  writeFileSync(config, `listeners: [{ address: "127.0.0.1:80" }]
routes:
  - match: { path: /feed/, method: POST }
    publish: { channel: "feed:{path.1}", verify: { scheme: github, secret_file: github.secret } }
  - match: { path: /repo/, method: POST }
    publish: { channel: "{json.name}:{query.b}", origins: [https://a.example.com] }
  - match: { path: /feed/ }
    subscribe: { channel: ["feed:{path.1}", lobby] }
  - match: { path: /streams/ }
    subscribe: { channel: streams, transports: [sse] }
  - match: { path: /scores }
    live: { interval: 1s }
    to: app
upstreams: { app: { servers: [{ url: "http://127.0.0.1:9" }] } }
`);
  const askAll = async (url, ...words) => {
    const { stdout } = await runToEnd(t, ['explain', '-c', config, url, '--json', ...words]);
    return JSON.parse(stdout);
  };
  const ask = async (path, ...words) => (await askAll(`http://localhost${path}`, ...words)).answer;
  const limits = 'limits and rates are kept';
  assert.deepEqual(await ask('/feed/a%20b'),
    { from: 'the hub, when something is published', transport: 'a long-poll', channels: ['feed:a b', 'lobby'], if: [limits] });
  assert.deepEqual(await ask('/feed/a', '--method', 'POST'), {
    from: 'the hub, when it is published',
    channel: 'feed:a',
    if: [limits, `a secret in ${join(config, '..', 'github.secret')} signed it`],
  });
  assert.match((await ask('/feed/', '--method', 'POST')).channel, /a value is missing or wrong: 400/);
  assert.equal((await ask('/repo/', '--method', 'POST')).channel, '{json.name}:{query.b}');
  assert.equal((await ask('/repo/', '--method', 'POST', '--header', 'Origin: https://b.example.com')).status, 403);
  assert.equal((await ask('/feed/a', '--method', 'PUT')).status, 405);

  const stream = ['--header', 'Accept: text/event-stream'];
  assert.equal((await ask('/feed/a', ...stream)).transport, 'an event stream');
  assert.equal((await askAll('ws://localhost/feed/a')).answer.transport, 'a WebSocket');
  assert.equal((await askAll('ws://localhost/streams/')).answer.status, 403);
  assert.equal((await askAll('ws://localhost/streams/')).subscribe.slow, 'close');

  const poll = await askAll('http://localhost/scores');
  assert.match(poll.answer.live, /as all get it/);
  assert.equal(poll.websocket.handshake, 'is taken by route routes[4]');
  assert.equal(poll.live.interval, '1s');
  assert.match((await askAll('ws://localhost/scores')).answer.live, /then each change/);
  assert.match((await ask('/scores', '--header', 'Cookie: a=b')).live, /^forwarded: a request with a Cookie .*live\.vary/);
  assert.equal((await ask('/scores', '--header', 'Cookie: a=b', ...stream)).status, 403);
  assert.deepEqual(await ask('/.wherry/live.js'), { from: 'Wherry itself: the script for live URLs' });
  assert.deepEqual(await ask('/.wherry/live'), { from: 'Wherry itself: the WebSocket of that script' });
});

for (const [what, words] of Object.entries({
  'no URL': ['example.com'],
  'another scheme': ['ftp://example.com/'],
  'no host': ['http:///x'],
  'a source that is no address': ['http://a/', '--source', 'example.com'],
})) {
  test(`bad usage: ${what}`, async (t) => {
    const { code, stdout, stderr } = await explain(t, words);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /expected/);
  });
}

test('what it says is what happens', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend).replace('path: /', 'path: /a/'));
  for (const [path, status] of [['/a/b', 200], ['/b', 404], ['/a/..;/b', 400], ['/a/%zz', 400]]) {
    const { stdout } = await runToEnd(t, ['explain', '-c', wherry.configPath, `http://localhost${path}`, '--json']);
    const { answer } = JSON.parse(stdout);
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', path));
    assert.deepEqual([answer.status ?? 200, response.status], [status, status], path);
  }
});
