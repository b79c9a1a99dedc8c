// SPDX-License-Identifier: MIT
// Health checks follow the configuration: what is known of servers stays where they are
// still asked the same, and checks come and go with them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually, settled } from './support/deadline.mjs';
import { dnsServer } from './support/dns_server.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const CHECK = 'type: http, interval: 500ms, timeout: 500ms, fall: 2, rise: 2';

function configuration(servers, check, more = '') {
  return `
${more}
routes: [{ to: app }]
upstreams:
  app:
    servers: [${servers.map(({ url }) => `"${url}"`).join(', ')}]
${check ? `    health_check: { ${check} }` : ''}
`;
}

/** Answers its health paths with backend.status, by path; all else with its name. */
async function named(t, name, status = {}, where = {}) {
  const backend = await httpBackend(t, (request, response) => {
    if (request.url === '/') return response.end(name);
    backend.asked.set(request.url, (backend.asked.get(request.url) ?? 0) + 1);
    return response.writeHead(backend.status[request.url] ?? 200).end();
  }, where);
  return Object.assign(backend, { status, asked: new Map() });
}

const changes = (wherry) => wherry.messages.filter((message) => / is (up|down): /.test(message));

const said = (wherry, pattern, count = 1) =>
  eventually(() => changes(wherry).filter((line) => pattern.test(line)).length === count, `${pattern}, ${count} times`);

async function ask(t, wherry, count) {
  const peer = await connect(t, wherry.port);
  const names = [];
  for (let i = 0; i < count; i++) names.push((await exchange(peer, requestText('GET', '/'))).body.toString());
  peer.destroy();
  return names.sort().join('');
}

async function reload(t, wherry, text) {
  wherry.writeConfiguration(text);
  const answer = await askControl(t, wherry, { verb: 'reload' });
  assert.equal(answer.ok, true, JSON.stringify(answer));
}

test('what is known stays while servers are asked the same', async (t) => {
  const [a, b] = [await named(t, 'a', { '/up': 503 }), await named(t, 'b')];
  const check = `${CHECK}, path: /up`;
  const wherry = await startWherry(t, configuration([a, b], check));
  await said(wherry, new RegExp(`${a.url} is down`));
  await said(wherry, new RegExp(`${b.url} is up`));
  for (let i = 0; i < 5; i++) {
    await reload(t, wherry, configuration([a, b], check, `timeouts: { connect: ${i + 1}s }`));
    assert.equal(await ask(t, wherry, 4), 'bbbb');
  }
  assert.equal(changes(wherry).length, 2, 'nothing was told again');

  // Asked otherwise, it stays down until it has passed as often as it must.
  await reload(t, wherry, configuration([a, b], `${CHECK}, path: /other`));
  assert.equal(await ask(t, wherry, 4), 'bbbb');
  await said(wherry, new RegExp(`${a.url} is up: 2 checks passed`));
  assert.equal(await ask(t, wherry, 4), 'aabb');
});

test('checks come and go with what asks for them', async (t) => {
  const [a, b] = [await named(t, 'a', { '/up': 503 }), await named(t, 'b')];
  const check = `${CHECK}, path: /up`;
  const wherry = await startWherry(t, configuration([b], check));
  await said(wherry, new RegExp(`${b.url} is up`));
  await reload(t, wherry, configuration([a, b], check));
  await said(wherry, new RegExp(`${a.url} is down`));

  await reload(t, wherry, configuration([a, b], ''));
  assert.equal(await ask(t, wherry, 4), 'aabb', 'nobody says any more that it is down');
  const counts = () => [a.asked.get('/up'), b.asked.get('/up')].join();
  await settled(counts, 'nobody asks any more', { quiet: 1500 });

  await reload(t, wherry, configuration([a, b], check));
  await said(wherry, new RegExp(`${a.url} is down`), 2);
  await reload(t, wherry, configuration([a], check));
  const left = b.asked.get('/up');
  const before = a.asked.get('/up');
  await eventually(() => a.asked.get('/up') > before + 2, 'the other one is asked on');
  assert.ok(b.asked.get('/up') <= left + 1, 'the one that was taken away is not');
});

test('checks follow a name to its next address', async (t) => {
  const dns = await dnsServer(t, '127.0.0.1');
  const first = await named(t, 'a');
  const second = await named(t, 'b', { '/up': 503 }, { host: '127.0.0.2', port: first.port });
  const name = { url: `http://backend.test:${first.port}` };
  const resolver = `resolver: { servers: ["127.0.0.1:${dns.port}"], timeout: 1s }`;
  const wherry = await startWherry(t, configuration([name], `${CHECK}, path: /up`, resolver));
  await said(wherry, /backend\.test:\d+@127\.0\.0\.1 is up/);
  dns.address = '127.0.0.2';
  await said(wherry, /backend\.test:\d+@127\.0\.0\.2 is down: 1 check failed/);
  assert.equal(await ask(t, wherry, 2), 'bb', 'there is no other');
  await settled(() => first.asked.get('/up'), 'nobody asks the former address', { quiet: 1500 });
  second.status['/up'] = 200;
  await said(wherry, /backend\.test:\d+@127\.0\.0\.2 is up: 2 checks passed/);
});
