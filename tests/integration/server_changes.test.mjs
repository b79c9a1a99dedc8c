// SPDX-License-Identifier: MIT
// `wherry server`: servers are added, removed, weighed otherwise and taken down and up while
// requests and WebSockets are under way, of which none is lost.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { dnsServer } from './support/dns_server.mjs';
import {
  askTimes, countByServer, namedBackend, startAsking, startTalkers, stopTalkers,
} from './support/talkers.mjs';
import { runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const group = (servers, more = '') => `
workers: 2
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app:
    balance: round_robin
    servers: [${servers.map(({ url }) => `"${url}"`).join(', ')}]
${more}`;

const change = (t, wherry, verb, url, more = {}) =>
  askControl(t, wherry, { verb: `server_${verb}`, upstream: 'app', url, ...more });

const command = (t, wherry, ...words) =>
  runToEnd(t, ['server', ...words, '--control', wherry.controlPath]);

/** Until both workers go by a change, so many requests are answered by others. */
function asks(wherry, times, wanted) {
  return eventually(async () => isDeepStrictEqual(await askTimes(wherry, times), wanted), JSON.stringify(wanted));
}

async function list(t, wherry) {
  const rows = [];
  const answer = await askControl(t, wherry, { verb: 'server_list' }, rows);
  assert.equal(answer.ok, true);
  return rows;
}

test('under load', async (t) => {
  const [a, b, c] = [await namedBackend(t, 'a'), await namedBackend(t, 'b'), await namedBackend(t, 'c')];
  const wherry = await startWherry(t, group([a, b], 'drain: { window: 0s, timeout: 300ms, server: { window: 1s, timeout: 30s } }'));
  const asking = startAsking(wherry);
  const talkers = await startTalkers(t, wherry.webSocketUrl, 20);
  assert.deepEqual(Object.keys(countByServer(talkers)).sort(), ['a', 'b']);

  await t.test('one is added', async (t2) => {
    const answer = await change(t2, wherry, 'add', c.url);
    assert.deepEqual(answer, {
      ok: true, upstream: 'app', server: c.url, state: 'up', weight: 1, connections: 0, changed: 'added', labels: '',
    });
    await eventually(() => asking.answers.c > 20, 'it is asked');
  });

  await t.test('one gets more', async (t2) => {
    assert.equal((await change(t2, wherry, 'weight', c.url, { weight: 4 })).weight, 4);
    await eventually(async () => {
      const before = { ...asking.answers };
      await eventually(() => asking.answers.c > before.c + 60, 'it is asked');
      const [more, others] = [asking.answers.c - before.c, asking.answers.a - before.a + asking.answers.b - before.b];
      return more > 1.6 * others;
    }, 'it gets four of six');
  });

  await t.test('one is down, and keeps what is open', async (t2) => {
    assert.equal((await change(t2, wherry, 'down', a.url)).state, 'down');
    const isQuiet = async () => {
      const before = a.requests;
      await askTimes(wherry, 20);
      return a.requests === before;
    };
    await eventually(isQuiet, 'it is not asked any more');
    assert.ok((await list(t2, wherry)).find(({ server }) => server === a.url).connections > 0);
    assert.equal((await change(t2, wherry, 'up', a.url)).changed, '');
    await eventually(async () => !(await isQuiet()), 'it is asked again');
  });

  assert.ok(talkers.every(({ end }) => !end), 'no WebSocket was closed so far');

  await t.test('one is removed, and its WebSockets are drained', async (t2) => {
    const answer = await change(t2, wherry, 'remove', b.url);
    assert.deepEqual(answer, { ok: true, upstream: 'app', server: b.url, state: 'removed' });
    await eventually(() => !countByServer(talkers).b, 'all of them are closed');
    const ends = talkers.filter(({ server }) => server === 'b').map(({ end }) => end);
    assert.ok(ends.every(({ code, reason }) => code === 1001 && reason === 'server_drained'), JSON.stringify(ends));
    await eventually(async () => {
      const before = b.requests;
      const names = Object.keys(await askTimes(wherry, 20)).sort();
      return names.join() === 'a,c' && b.requests === before;
    }, 'it is not asked any more');
    assert.deepEqual((await list(t2, wherry)).map(({ server, state, changed }) => [server, state, changed]), [
      [a.url, 'up', ''], [b.url, 'removed', 'removed'], [c.url, 'up', 'added'],
    ]);
  });

  await t.test('what was removed is added again, and what was added removed', async (t2) => {
    assert.equal((await change(t2, wherry, 'add', b.url)).changed, '');
    assert.equal((await change(t2, wherry, 'remove', c.url)).ok, true);
    await eventually(async () => {
      const names = Object.keys(await askTimes(wherry, 20)).sort();
      return names.join() === 'a,b';
    }, 'the servers of the file are asked');
  });

  await asking.stop();
  assert.deepEqual(asking.failures, [], 'no request failed');
  await stopTalkers(talkers);
  assert.ok(talkers.filter(({ server }) => server === 'a').every(({ end }) => !end));
});

test('by the command line', async (t) => {
  const [a, b] = [await namedBackend(t, 'a'), await namedBackend(t, 'b')];
  const wherry = await startWherry(t, group([a]));

  await t.test('prints what there is now', async (t2) => {
    const { code, stdout } = await command(t2, wherry, 'add', 'app', b.url, '--weight', '3');
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`server +${b.url}\n(.*\n)*weight +3\n`));
  });

  await t.test('prints a table, or a line of JSON for each', async (t2) => {
    const table = await command(t2, wherry, 'list', 'app');
    assert.match(table.stdout, new RegExp(`app +${b.url} +up +3 +\\d+ +added`));
    const { stdout } = await command(t2, wherry, 'list', '--json');
    assert.deepEqual(stdout.trim().split('\n').map((line) => JSON.parse(line).server), [a.url, b.url]);
  });

  await t.test('says what there is instead', async (t2) => {
    const group2 = await command(t2, wherry, 'down', 'ap', a.url);
    assert.match(group2.stderr, /unknown upstream "ap", did you mean "app"\? \(expected one of app\)/);
    assert.notEqual(group2.code, 0);
    assert.match((await command(t2, wherry, 'list', 'ap')).stderr, /did you mean "app"\?/);
    const server = await command(t2, wherry, 'down', 'app', `${a.url}0`);
    assert.match(server.stderr, new RegExp(`app: unknown server .*\\(expected one of .*${b.url}`));
    const weight = await command(t2, wherry, 'weight', 'app', a.url, '0');
    assert.match(weight.stderr, /bad weight 0 \(expected a number from 1 to 1000\)/);
    await command(t2, wherry, 'remove', 'app', b.url);
    const last = await command(t2, wherry, 'remove', 'app', a.url);
    assert.match(last.stderr, /is the last server of app/);
    await asks(wherry, 3, { a: 3 });
  });
});

test('a name is followed from when it is added until it is removed', async (t) => {
  const dns = await dnsServer(t, '127.0.0.1');
  const [a, b] = [await namedBackend(t, 'a'), await namedBackend(t, 'b')];
  const wherry = await startWherry(t, group([a], `resolver: { servers: ["127.0.0.1:${dns.port}"] }`));
  const url = `http://backend.test:${b.port}`;
  assert.equal((await change(t, wherry, 'add', url)).state, 'unresolved');
  await eventually(async () => (await askTimes(wherry, 4)).b > 0, 'it is asked');
  assert.deepEqual((await list(t, wherry)).map(({ server }) => server), [a.url, `${url}@127.0.0.1`]);
  assert.equal((await change(t, wherry, 'remove', url)).state, 'removed');
  assert.deepEqual((await list(t, wherry)).map(({ server }) => server), [a.url]);
});

test('a UNIX socket that was not there at the start is reached', async (t) => {
  const path = join(temporaryDirectory(t), 'late.sock');
  const a = await namedBackend(t, 'a');
  const wherry = await startWherry(t, group([a]));
  const late = await namedBackend(t, 'late', { path });
  chmodSync(path, 0o666);
  assert.equal((await change(t, wherry, 'add', late.url)).state, 'up');
  await asks(wherry, 8, { a: 4, late: 4 });
});

test('what TLS needs is loaded for the first https server of a group', async (t) => {
  const a = await namedBackend(t, 'a');
  const wherry = await startWherry(t, group([a]));
  const [, port] = a.url.match(/:(\d+)$/);
  const url = `https://127.0.0.1:${port}`;
  assert.equal((await change(t, wherry, 'add', url)).ok, true);
  await eventually(async () => {
    assert.deepEqual(await askTimes(wherry, 4), { a: 4 }, 'the other one speaks no TLS');
    return wherry.stderr.includes(`connect to ${url}`);
  }, 'that is logged');
  assert.equal((await change(t, wherry, 'remove', url)).ok, true);
});

test('a reload keeps what was changed, unless the file says something new of it', async (t) => {
  const [a, b, c] = [await namedBackend(t, 'a'), await namedBackend(t, 'b'), await namedBackend(t, 'c')];
  const wherry = await startWherry(t, group([a, b]));
  const talkers = await startTalkers(t, wherry.webSocketUrl, 4);
  await change(t, wherry, 'add', c.url, { weight: 2 });
  await change(t, wherry, 'down', b.url);
  const [added, down] = [`app ${c.url}`, `app ${b.url}`];

  wherry.writeConfiguration(group([a, b], 'timeouts: { connect: 4s }'));
  const kept = await askControl(t, wherry, { verb: 'reload' });
  assert.deepEqual(
    [kept.servers_as_commanded.sort(), kept.servers_as_in_file, kept.kept], [[added, down].sort(), [], 4]);
  assert.deepEqual(Object.keys(await askTimes(wherry, 9)).sort(), ['a', 'c']);

  wherry.writeConfiguration(group([a, b, c], 'timeouts: { connect: 4s }'));
  const overruled = await askControl(t, wherry, { verb: 'reload' });
  assert.deepEqual([overruled.servers_as_commanded, overruled.servers_as_in_file], [[down], [added]]);
  await eventually(() => wherry.stderr.includes(`${c.url} of app is as the file says now`), 'the log says so');
  const { weight, changed } = (await list(t, wherry)).find(({ server }) => server === c.url);
  assert.deepEqual({ weight, changed }, { weight: 1, changed: '' });

  const same = await askControl(t, wherry, { verb: 'reload' });
  assert.equal(same.changed, false);
  assert.equal((await list(t, wherry)).find(({ server }) => server === b.url).state, 'down');
  await stopTalkers(talkers);
  assert.ok(talkers.every(({ end }) => !end), 'no WebSocket was closed');
});
