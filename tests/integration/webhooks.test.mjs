// SPDX-License-Identifier: MIT
// Webhooks are published once, and only from who signed them (SECURITY T32): real signatures,
// tampered with, stale, replayed, by exchanged secrets, or missing.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { areCounted, hubOf, startMachines, testOnce } from './support/brokers.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { hmac, signGitHub, signStandard, standardSender, writeSecrets } from './support/webhooks.mjs';
import { runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const hookRoutes = (secrets, verify, publish = 'channel: hooks') => `
routes:
  - match: { path: /hook, method: POST }
    name: hook
    publish:
      ${publish}
      verify: { secret_file: ${secrets}, ${verify} }
  - match: { path: /hooks }
    subscribe: { channel: hooks, start: history }
`;

/** In a file at the same path for all machines, which know deliveries by it. */
function secretFile(t, secrets) {
  const directory = temporaryDirectory(t);
  return join(directory, writeSecrets(directory, secrets));
}

const reload = (t, wherry) => askControl(t, wherry, { verb: 'reload' });

async function post(wherry, body, headers = {}, path = '/hook') {
  const response = await fetch(`${wherry.url}${path}`, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined, headers: response.headers };
}

async function assertRefused(wherry, body, headers, detail) {
  const { status, text, headers: answer } = await post(wherry, body, headers);
  assert.deepEqual([status, detail.test(text)], [401, true], text);
  assert.ok(answer.get('www-authenticate'));
}

const DUPLICATE = { duplicate: true };
const UNSIGNED = /the webhook is not signed/;
const BAD = /signature can't be read/;
const WRONG = /signature is wrong/;
const STALE = /was not sent just now/;

const without = (headers, name) => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

test('Standard Webhooks', async (t) => {
  const [first, second, stranger, pair] = [standardSender(), standardSender(), standardSender(), standardSender('v1a')];
  const secrets = secretFile(t, [first.secret, second.secret, pair.secret]);
  const [wherry, elsewhere] = await startMachines(t, hookRoutes(secrets, 'scheme: standard-webhooks'));
  const stream = await openEventStream(t, `${elsewhere.url}/hooks`);
  await areCounted(wherry, 'hooks', 1);
  const body = '{"test": 2432232314, "text": "\u20ac"}';
  const seconds = (offset) => Math.floor(Date.now() / 1000) + offset;

  for (const [name, senders, more] of [
    ['one secret', first],
    ['the other one', second],
    ['a key', pair],
    ['two signatures, while secrets are exchanged', [stranger, second]],
    ['a clock that is behind', first, { timestamp: seconds(-280) }],
    ['a clock that is ahead', first, { timestamp: seconds(280) }],
  ]) {
    await t.test(`signed by ${name}`, async () => {
      const { status, json } = await post(wherry, body, signStandard(senders, body, more));
      assert.deepEqual([status, json.subscribers], [200, 1]);
      assert.deepEqual(await stream.event(), { id: json.id, data: body });
    });
  }

  await t.test('comes once, however often it is sent', async () => {
    const headers = signStandard(first, body);
    const answers = await Promise.all([wherry, elsewhere, wherry, elsewhere, wherry].map((where) => post(where, body, headers)));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 200]);
    const published = answers.filter(({ json }) => json.id);
    assert.equal(published.length, 1);
    const again = await post(wherry, body, signStandard(second, body, { id: headers['Webhook-Id'] }));
    assert.deepEqual([again.status, again.json], [200, DUPLICATE]);
    assert.equal((await stream.event()).id, published[0].json.id);
    assert.equal((await wherry.accessLine({ detail: 'delivered before' })).status, 200);
  });

  const good = signStandard(first, body);
  const signature = good['Webhook-Signature'];
  const changed = signature[10] === 'A' ? 'B' : 'A';
  for (const [name, headers, detail, sent = body] of [
    ['not signed', {}, UNSIGNED],
    ['without an id', without(good, 'Webhook-Id'), UNSIGNED],
    ['without a timestamp', without(good, 'Webhook-Timestamp'), UNSIGNED],
    ['without its signature', without(good, 'Webhook-Signature'), UNSIGNED],
    ['by a stranger', signStandard(stranger, body), WRONG],
    ['with another body', good, WRONG, `${body} `],
    ['with another byte in it', good, WRONG, body.replace('2', '3')],
    ['with another id', { ...good, 'Webhook-Id': 'msg_x' }, WRONG],
    ['with another time', { ...good, 'Webhook-Timestamp': `${seconds(1)}` }, WRONG],
    ['with another letter in its signature', { ...good, 'Webhook-Signature': signature.slice(0, 10) + changed + signature.slice(11) }, WRONG],
    ['with half a signature', { ...good, 'Webhook-Signature': signature.slice(0, 20) }, BAD],
    ['with an unknown version alone', { ...good, 'Webhook-Signature': signature.replace('v1,', 'v9,') }, BAD],
    ['a secret for a key', { ...good, 'Webhook-Signature': signature.replace('v1,', 'v1a,') }, BAD],
    ['too old', signStandard(first, body, { timestamp: seconds(-330) }), STALE],
    ['from the future', signStandard(first, body, { timestamp: seconds(330) }), STALE],
    ['with a time that is none', { ...good, 'Webhook-Timestamp': '1e9' }, BAD],
    ['with a dot in its id', signStandard(first, body, { id: 'msg.1' }), BAD],
  ]) {
    await t.test(`refused: ${name}`, () => assertRefused(wherry, sent, headers, detail));
  }
  await t.test('refused, it is told and counted', async () => {
    assert.equal((await wherry.accessLine({ status: 401 })).reason, 'unsigned');
  });
  await t.test('refused, it leaves nothing behind', async () => {
    const { status, json } = await post(wherry, body, good); // the same id as of those above
    assert.deepEqual([status, Object.keys(json)], [200, ['id', 'subscribers']]);
    assert.equal((await stream.event()).id, json.id);
  });
});

test('GitHub', async (t) => {
  const secret = "It's a Secret to Everybody";
  const [wherry, elsewhere] = await startMachines(t, hookRoutes(
    secretFile(t, [secret]), 'scheme: github',
    'channel: "repo:{json.repository.name}"\n      payload: \'{{"event":{header.x-github-event},"by":{json.sender.login},"data":{body}}}\'',
  ).replace('channel: hooks,', 'channel: "repo:wherry",'));
  const stream = await openEventStream(t, `${elsewhere.url}/hooks`);
  await areCounted(wherry, 'repo:wherry', 1);
  const body = '{"repository":{"name":"wherry"},"sender":{"login":"o\\"neil"}}';

  await t.test('the event shows up, with what templates take', async () => {
    const headers = signGitHub(secret, body);
    const { status, json } = await post(wherry, body, headers);
    assert.deepEqual([status, json.subscribers], [200, 1]);
    const event = await stream.event();
    assert.deepEqual(JSON.parse(event.data), { event: 'push', by: 'o"neil', data: JSON.parse(body) });
    assert.deepEqual((await post(elsewhere, body, headers)).json, DUPLICATE);
  });
  await t.test('an event in a form', async () => {
    const form = new URLSearchParams({ payload: body }).toString();
    const headers = { ...signGitHub(secret, form), 'Content-Type': 'application/x-www-form-urlencoded' };
    const { status, json } = await post(wherry, form, headers);
    assert.deepEqual([status, json?.subscribers], [200, 1]);
    assert.deepEqual(JSON.parse((await stream.event()).data).data, JSON.parse(body));
  });
  await t.test('an event that is not JSON, or not of a repository', async () => {
    for (const bad of ['hello', '{"zen":"a"}']) assert.equal((await post(wherry, bad, signGitHub(secret, bad))).status, 400);
  });
  await t.test('an event without the id of its delivery', async () => {
    const answer = await post(wherry, body, without(signGitHub(secret, body), 'X-GitHub-Delivery'));
    assert.deepEqual([answer.status, /no header with its id/.test(answer.text)], [400, true]);
  });
  for (const [name, headers, detail] of [
    ['not signed', without(signGitHub(secret, body), 'X-Hub-Signature-256'), UNSIGNED],
    ['signed by the old way alone', { 'X-Hub-Signature': 'sha1=0', 'X-GitHub-Delivery': '1' }, UNSIGNED],
    ['by another secret', signGitHub('another secret of ours', body), WRONG],
    ['of another body', signGitHub(secret, `${body}\n`), WRONG],
  ]) {
    await t.test(`refused: ${name}`, () => assertRefused(wherry, body, headers, detail));
  }
});

test('an HMAC of the body', async (t) => {
  const secret = 'a secret of sixteen bytes and more';
  const secrets = secretFile(t, [secret]);
  const [wherry, elsewhere] = await startMachines(t, hookRoutes(secrets, 'scheme: hmac-sha256, header: X-Shop-Signature'));
  const signed = (body, encoding) => ({ 'X-Shop-Signature': hmac(secret, body, encoding) });
  assert.equal((await post(wherry, 'one', signed('one'))).status, 200);
  assert.ok((await post(wherry, 'two', signed('two', 'base64'))).json.id);
  assert.deepEqual((await post(elsewhere, 'one', signed('one', 'base64'))).json, DUPLICATE); // nothing else tells it
  await assertRefused(wherry, 'three', signed('two'), WRONG);
  await assertRefused(wherry, 'three', { 'X-Signature': hmac(secret, 'three') }, UNSIGNED);

  await t.test('known by what the route says', async () => {
    wherry.writeConfiguration(hookRoutes(
      secrets, 'scheme: hmac-sha256, header: X-Shop-Signature, id: "{json.id}"'));
    assert.ok((await reload(t, wherry)).ok);
    const send = (body) => post(wherry, body, signed(body));
    assert.ok((await send('{"id":1,"n":1}')).json.id);
    assert.deepEqual((await send('{"id":1,"n":2}')).json, DUPLICATE);
    assert.ok((await send('{"id":2,"n":2}')).json.id);
    assert.equal((await send('{"n":2}')).status, 400);
  });
});

test('a delivery that could not be published may come again', async (t) => {
  const sender = standardSender();
  const routes = hookRoutes(secretFile(t, [sender.secret]), 'scheme: standard-webhooks');
  const configuration = (memory) => (w) => `${hubOf(w, `memory: ${memory}`)}\n${routes}`;
  const wherry = await startWherry(t, configuration('64KiB'));
  const body = 'x'.repeat(64 * 1024);
  const headers = signStandard(sender, body);
  assert.equal((await post(wherry, body, headers)).status, 503);
  wherry.writeConfiguration(configuration('1MiB'));
  assert.ok((await reload(t, wherry)).ok);
  assert.ok((await post(wherry, body, headers)).json.id);
  assert.deepEqual((await post(wherry, body, headers)).json, DUPLICATE);
});

testOnce('secrets are exchanged at a reload, in all workers', async (t) => {
  const [former, newer] = [standardSender(), standardSender()];
  const wherry = await startWherry(t, (w) => `workers: 2
${hookRoutes(writeSecrets(w.directory, [former.secret]), 'scheme: standard-webhooks')}`);
  const send = (sender, options) => post(wherry, 'x', signStandard(sender, 'x', options));
  const sendOften = async (sender) => new Set(await Promise.all(Array.from({ length: 10 }, async () => (await send(sender)).status)));
  assert.deepEqual(await sendOften(former), new Set([200]));
  assert.deepEqual(await sendOften(newer), new Set([401]));
  writeSecrets(wherry.directory, [former.secret, newer.secret]);
  assert.ok((await reload(t, wherry)).ok);
  const isOnly = async (sender, status) => {
    const seen = await sendOften(sender);
    return seen.size === 1 && seen.has(status);
  };
  await eventually(() => isOnly(newer, 200), 'the newer secret is good');
  assert.deepEqual(await sendOften(former), new Set([200]));
  writeSecrets(wherry.directory, [newer.secret]);
  assert.ok((await reload(t, wherry)).ok);
  await eventually(() => isOnly(former, 401), 'the former one is not');

  writeSecrets(wherry.directory, [newer.secret, 'too short']);
  const { ok, error } = await reload(t, wherry);
  assert.deepEqual([ok, /webhooks\.secret:2: neither whsec_ nor whpk_ in front/.test(error)], [false, true], error);
  assert.deepEqual(await sendOften(newer), new Set([200]));

  await t.test('and no delivery comes twice by way of another worker', async () => {
    const headers = signStandard(newer, 'once');
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(wherry, 'once', headers)));
    assert.equal(answers.filter(({ json }) => json.id).length, 1);
    const { body } = await poll(`${wherry.url}/hooks?last_event_id=0&envelope`);
    assert.equal(JSON.parse(body).filter(({ data }) => data === 'once').length, 1);
  });
});

testOnce('secrets that can not be used are told with their place', async (t) => {
  const directory = temporaryDirectory(t);
  const config = join(directory, 'wherry.yaml');
  const secrets = join(directory, 'a.secret');
  writeFileSync(config, `listeners: [{ address: "127.0.0.1:0" }]
user: root
routes:
  - publish:
      channel: a
      payload: '{{"text":"{json.text}"}}'
      verify: { scheme: standard-webhooks, secret_file: a.secret }
`);
  const check = async () => (await runToEnd(t, ['check', '-c', config])).stderr.trim().split('\n').sort();
  const payload = `${config}:6:16: routes[].publish.payload: starts like JSON, but makes none (expected placeholders without quotes around them)`;
  const at = `${config}:7:57: routes[].publish.verify.secret_file: ${secrets}`;
  assert.deepEqual(await check(), [payload, `${at} can't be read: No such file or directory`]);
  writeSecrets(directory, [standardSender().secret], 'a.secret');
  assert.deepEqual(await check(), [payload]);
  chmodSync(secrets, 0o644);
  const open = await check();
  assert.ok(open[1].startsWith(`${at} is open to others (expected mode 0600`), open[1]);
  writeSecrets(directory, ['whsec_AAAA'], 'a.secret');
  assert.deepEqual(await check(), [payload, `${at}:1: a secret of 3 bytes (expected 16 to 1024)`]);
  writeSecrets(directory, [''], 'a.secret');
  assert.deepEqual(await check(), [payload, `${at}: no secret in it`]);
});
