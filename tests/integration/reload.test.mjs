// SPDX-License-Identifier: MIT
// A new configuration while everything goes on: what stays, what closes, what is said.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import test from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { startDnsmasq } from './support/dnsmasq.mjs';
import { freePorts, runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const DRAIN = 'drain: { window: 0s, timeout: 300ms, reload: { window: 200ms, timeout: 5s } }';

/** routes and upstreams by name: { a: backend, b: backend } is routed by /a/, /b/. */
function routing(groups, more = {}) {
  const names = Object.keys(groups);
  const routes = names.map((name) =>
    `  - { match: { path: /${name}/ }, websocket: { origins: any ${more.websocket ?? ''} }, to: ${name} }`);
  const upstreams = names.map((name) => `  ${name}: { servers: [{ url: "${groups[name].url}" }] }`);
  return `${DRAIN}\n${more.lines ?? ''}\nroutes:\n${routes.join('\n')}\nupstreams:\n${upstreams.join('\n')}\n`;
}

/** The status, over a connection of its own. */
const statusOf = (url) => new Promise((resolve, reject) => {
  http.get(url, { agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
});

const reload = (t, wherry) => askControl(t, wherry, { verb: 'reload' });

async function echo(client, text) {
  await client.send(text);
  assert.equal(await client.text(), text);
}

test('WebSockets stay when something else changes, and go by the new limits', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`);
  await echo(client, 'before');
  wherry.writeConfiguration(routing({ b: backend, a: backend }, { websocket: ', max_message: 10B, max_frame: 10B' }));
  const answer = await reload(t, wherry);
  assert.deepEqual(
    { ok: answer.ok, changed: answer.changed, kept: answer.kept, draining: answer.draining },
    { ok: true, changed: true, kept: 1, draining: 0 });
  await echo(client, 'after');
  const other = await connectWebSocket(t, `${wherry.webSocketUrl}/b/x`);
  await echo(other, 'new route');
  await client.send('longer than ten');
  assert.equal((await client.closed()).code, 1009);
});

test('a WebSocket whose route is gone is closed with 1012, its neighbour is not', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routing({ a: backend, b: backend }));
  const gone = await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`);
  const kept = await connectWebSocket(t, `${wherry.webSocketUrl}/b/x`);
  wherry.writeConfiguration(routing({ b: backend }));
  const answer = await reload(t, wherry);
  assert.deepEqual([answer.kept, answer.draining, answer.route_gone, answer.server_gone], [1, 1, 1, 0]);
  assert.deepEqual(await gone.closed(), { code: 1012, reason: 'route_gone' });
  await echo(kept, 'still here');
  await wherry.accessLine({ reason: 'route_gone' });
});

test('a WebSocket whose server is gone is closed with 1012', async (t) => {
  const backends = [await webSocketBackend(t), await webSocketBackend(t)];
  const wherry = await startWherry(t, routing({ a: backends[0] }));
  const gone = await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`);
  wherry.writeConfiguration(routing({ a: backends[1] }));
  const answer = await reload(t, wherry);
  assert.deepEqual([answer.kept, answer.route_gone, answer.server_gone], [0, 0, 1]);
  assert.equal((await gone.closed()).code, 1012);
  const next = await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`);
  await echo(next, 'the other one');
  assert.equal(backends[1].clients.size, 1);
});

test('one that waits for its turn to close stays if its route comes back', async (t) => {
  const backend = await webSocketBackend(t);
  const slow = DRAIN.replace('200ms, timeout: 5s', '1h, timeout: 2h');
  const [both, one] = [routing({ a: backend, b: backend }), routing({ b: backend })].map((text) => text.replace(DRAIN, slow));
  const wherry = await startWherry(t, both);
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`));
  wherry.writeConfiguration(one);
  assert.equal((await reload(t, wherry)).route_gone, 20);
  wherry.writeConfiguration(both);
  const { kept } = await reload(t, wherry);
  assert.ok(kept >= 19, `${kept}`); // one may have been told already
  const states = clients.filter((client) => client.socket.readyState === 1);
  assert.ok(states.length >= 19, `${states.length}`);
  for (const client of states) await echo(client, 'reprieved');
});

test('a file with a mistake changes nothing and is explained', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}/a/x`);
  const { edition } = await askControl(t, wherry, { verb: 'status' });
  writeFileSync(wherry.configPath, 'rutes: []\n');
  const answer = await reload(t, wherry);
  assert.equal(answer.ok, false);
  assert.match(answer.error, /wherry\.yaml:1:1: unknown key "rutes", did you mean "routes"\?/);
  await echo(client, 'as before');
  assert.equal((await askControl(t, wherry, { verb: 'status' })).edition, edition);
  const { code, stderr } = await runToEnd(t, ['reload', '--control', wherry.controlPath]);
  assert.equal(code, 1);
  assert.match(stderr, /unknown key "rutes"/);

  const absent = 'listeners: [{ address: 127.0.0.1:1, tls: { certificates: [{ cert: a.pem, key: b.pem }] } }]';
  writeFileSync(wherry.configPath, `${absent}\n${routing({ a: backend })}`);
  const { error } = await reload(t, wherry);
  assert.match(error, /^[^\n]*:1:\d+: .*a\.pem can't be read: No such file[^\n]*\n[^\n]*b\.pem can't be read/);
  await echo(client, 'as before');
});

test('an equivalent file is no change', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  const first = await reload(t, wherry);
  assert.deepEqual([first.ok, first.changed], [true, false]);
  writeFileSync(wherry.configPath, `# a comment\n${wherry.configText}\npaths: { encoded_slash: refuse }\n`);
  const second = await reload(t, wherry);
  assert.deepEqual([second.changed, second.edition], [false, first.edition]);
});

test('listeners come and go, and an address that is taken refuses the reload', async (t) => {
  const backend = await httpBackend(t);
  const [second] = await freePorts(1);
  const listeners = (...ports) => `listeners: [${ports.map((port) => `{ address: "127.0.0.1:${port}" }`).join(', ')}]`;
  const wherry = await startWherry(t, ({ port }) => routing({ a: backend }, { lines: listeners(port) }));
  wherry.writeConfiguration(routing({ a: backend }, { lines: listeners(wherry.port, second) }));
  const added = await reload(t, wherry);
  assert.deepEqual([added.listeners_added, added.listeners_removed], [[`127.0.0.1:${second}`], []]);
  assert.equal(await statusOf(`http://127.0.0.1:${second}/a/x`), 200);
  const taken = new URL(backend.url).port;
  wherry.writeConfiguration(routing({ a: backend }, { lines: listeners(wherry.port, taken) }));
  const refused = await reload(t, wherry);
  assert.match(refused.error, new RegExp(`127.0.0.1:${taken}.*in use`));
  assert.equal(await statusOf(`http://127.0.0.1:${second}/a/x`), 200);
  wherry.writeConfiguration(routing({ a: backend }, { lines: listeners(wherry.port) }));
  assert.deepEqual((await reload(t, wherry)).listeners_removed, [`127.0.0.1:${second}`]);
  await assert.rejects(statusOf(`http://127.0.0.1:${second}/a/x`), { code: 'ECONNREFUSED' });
  assert.equal(await statusOf(`${wherry.url}/a/x`), 200);
});

test('what takes a restart is said', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  wherry.writeConfiguration(routing({ a: backend }, { lines: 'sandbox: { core_dumps: true }' }));
  assert.deepEqual((await reload(t, wherry)).needs_restart, ['sandbox']);
});

test('log settings change, and SIGHUP reloads as well', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  wherry.writeConfiguration(routing({ a: backend }, { lines: 'log: { format: text }' }));
  wherry.signal('SIGHUP');
  await eventually(() => /reload: edition \d+ is in force/.test(wherry.stderr), 'the reload is logged');
  await fetch(`${wherry.url}/a/x`);
  await wherry.textLine(/^\S+ access .*\/a\/x/);
});

test('a request under way ends by what it began with', async (t) => {
  let answer;
  const backend = await httpBackend(t, (request, response) => { answer = () => response.end('done'); });
  const wherry = await startWherry(t, routing({ a: backend }));
  const pending = fetch(`${wherry.url}/a/slow`);
  await eventually(() => answer, 'the backend has the request');
  wherry.writeConfiguration(routing({ b: backend }));
  assert.equal((await reload(t, wherry)).ok, true);
  assert.equal((await fetch(`${wherry.url}/a/slow`)).status, 404);
  answer();
  assert.equal(await (await pending).text(), 'done');
});

test('a group with another name counts the WebSockets that it takes over', async (t) => {
  const backends = [await webSocketBackend(t), await webSocketBackend(t)];
  const servers = backends.map((backend) => `"${backend.url}"`).join(', ');
  const group = (name) => `${DRAIN}\nroutes: [{ match: { path: / }, websocket: { origins: any }, to: ${name} }]
upstreams: { ${name}: { balance: least_connections, servers: [${servers}] } }\n`;
  const wherry = await startWherry(t, group('old'));
  const first = await connectWebSocket(t, wherry.webSocketUrl);
  wherry.writeConfiguration(group('new'));
  assert.equal((await reload(t, wherry)).kept, 1);
  for (let i = 0; i < 3; i++) await connectWebSocket(t, wherry.webSocketUrl);
  assert.deepEqual(backends.map((backend) => backend.clients.size), [2, 2]);
  await echo(first, 'still there');
});

test('what was changed by command stays until the file says otherwise', async (t) => {
  const backend = await webSocketBackend(t);
  const [one, two] = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const group = (weights, more = '') => `${DRAIN}\n${more}
routes: [{ match: { path: / }, websocket: { origins: any }, to: a }]
upstreams: { a: { servers: [{ url: "${backend.url}" }, { url: "${one}", weight: ${weights[0]} }, { url: "${two}", weight: ${weights[1]} }] } }\n`;
  const wherry = await startWherry(t, group([1, 1]));
  for (const url of [one, two]) {
    const answer = await askControl(t, wherry, { verb: 'server_weight', upstream: 'a', url, weight: 9 });
    assert.equal(answer.ok, true, answer.error);
  }
  wherry.writeConfiguration(group([1, 2], 'paths: { merge_slashes: true }'));
  const answer = await reload(t, wherry);
  assert.deepEqual(answer.servers_as_commanded, [`a ${one}`]);
  assert.deepEqual(answer.servers_as_in_file, [`a ${two}`]);
});

test('what was changed by command outlives a reload that fails at the last step', async (t) => {
  const backend = await webSocketBackend(t);
  const other = 'http://127.0.0.1:2';
  const group = (weight, tls) => `${DRAIN}
routes: [{ match: { path: / }, websocket: { origins: any }, to: a }]
upstreams: { a: { servers: [{ url: "${backend.url}" }, { url: "${other}", weight: ${weight} }${tls ? ', "https://127.0.0.1:3"], tls: { ca: /nowhere.pem }' : ']'} } }\n`;
  const weightOfOther = async () => {
    const rows = [];
    await askControl(t, wherry, { verb: 'server_list' }, rows);
    return rows.find(({ server }) => server === other).weight;
  };
  const wherry = await startWherry(t, group(1, false));
  assert.equal((await askControl(t, wherry, { verb: 'server_weight', upstream: 'a', url: other, weight: 9 })).ok, true);
  wherry.writeConfiguration(group(2, true));
  const answer = await reload(t, wherry);
  assert.match(answer.error, /\/nowhere\.pem/);
  assert.equal(await weightOfOther(), 9);
  wherry.writeConfiguration(group(2, false));
  assert.deepEqual((await reload(t, wherry)).servers_as_in_file, [`a ${other}`]);
  assert.equal(await weightOfOther(), 2);
});

test('a listener that was drained comes back with the next reload', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, routing({ a: backend }));
  const target = wherry.url.replace('http://', '');
  assert.equal((await reload(t, wherry)).changed, false);
  assert.equal((await askControl(t, wherry, { verb: 'drain', target, wait: true })).ok, true);
  await eventually(() => statusOf(`${wherry.url}/a/x`).then(() => false, () => true), 'nobody listens there');
  const answer = await reload(t, wherry);
  assert.deepEqual([answer.changed, answer.listeners_added], [true, [target]]);
  assert.equal(await statusOf(`${wherry.url}/a/x`), 200);
});

test('a name that is new is waited for, and the process lives on', async (t) => {
  const backend = await httpBackend(t);
  const { port } = new URL(backend.url);
  const dnsmasq = await startDnsmasq(t);
  const conf = (host) => `resolver: { servers: ["127.0.0.1:${dnsmasq.port}"], timeout: 10s }\n` +
    routing({ a: { url: `http://${host}:${port}` } });
  const wherry = await startWherry(t, conf('127.0.0.1'));
  for (const name of ['here.test', 'there.test', 'here.test']) {
    await dnsmasq.set('there.test', ['127.0.0.1']);
    wherry.writeConfiguration(conf(name));
    assert.equal((await reload(t, wherry)).changed, true);
    assert.equal(await statusOf(`${wherry.url}/a/x`), 200);
  }
});
