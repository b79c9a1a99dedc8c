// SPDX-License-Identifier: MIT
// balance: sticky. A cookie, which nobody can make up and which names nothing, leads a client
// back to its server from every worker, and through every Wherry with the same secret.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket } from './support/frames.mjs';
import { groupOf, namedServers, whoAnswers } from './support/groups.mjs';
import { freePorts, startWherry, temporaryDirectory } from './support/wherry.mjs';

const cookieOf = ({ headers }) => headers.all('set-cookie').find((line) => /^wherry_app=/.test(line));
const valueOf = (answer) => /^(wherry_app=[0-9a-f]{32});/.exec(cookieOf(answer))[1];

function start(t, servers, group = '') {
  return startWherry(t, groupOf(servers, { balance: 'sticky', top: 'workers: 2', group }));
}

test('a client stays with its server, whichever worker it meets', async (t) => {
  const servers = await namedServers(t, 3);
  const wherry = await start(t, servers);
  const seen = new Set();
  for (let client = 0; client < 6; client++) {
    const first = await whoAnswers(t, wherry);
    assert.match(cookieOf(first), /^wherry_app=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
    seen.add(valueOf(first));
    for (let i = 0; i < 6; i++) {
      const again = await whoAnswers(t, wherry, '/', { Cookie: `a=b; ${valueOf(first)}` });
      assert.equal(again.server, first.server);
      assert.equal(cookieOf(again), undefined, 'it has one');
    }
  }
  assert.equal(seen.size, 3, 'one value for each server');
});

test('a handshake gets the cookie, too, and goes by it', async (t) => {
  const accept = (peer) => acceptWebSocket(peer, { fields: { 'Set-Cookie': 'own=1' } });
  const servers = await Promise.all([1, 2, 3].map(() => scriptedBackend(t, accept)));
  const wherry = await start(t, servers);
  const { response } = await openWebSocket(t, wherry);
  assert.deepEqual(response.headers.all('set-cookie').length, 2, "the server's own passes");
  const [{ sockets }] = servers.filter((server) => server.sockets.size === 1);
  for (let i = 0; i < 5; i++) {
    const again = await openWebSocket(t, wherry, { fields: { Cookie: valueOf(response) } });
    assert.equal(cookieOf(again.response), undefined);
  }
  assert.equal(sockets.size, 6);
});

test('a cookie that was made up, or whose server is out, is replaced', async (t) => {
  const [port] = await freePorts(1);
  const doomed = await httpBackend(t, (_, response) => response.setHeader('X-Server', '1').end(), { port });
  const servers = [(await namedServers(t, 1))[0], doomed];
  const wherry = await start(t, servers);
  for (const value of ['', '0'.repeat(32), 'http://127.0.0.1', 'x'.repeat(3000)]) {
    assert.ok(cookieOf(await whoAnswers(t, wherry, '/', { Cookie: `wherry_app=${value}` })));
  }
  let answer;
  await eventually(async () => (answer = await whoAnswers(t, wherry)).server === 1, 'the doomed one answers');
  doomed.server.close();
  for (const socket of doomed.sockets) socket.destroy();
  const moved = await whoAnswers(t, wherry, '/', { Cookie: valueOf(answer) });
  assert.equal(moved.server, 0);
  assert.notEqual(valueOf(moved), valueOf(answer));
});

test('Wherrys with the same secret know each other\'s cookies, others do not', async (t) => {
  const servers = await namedServers(t, 3);
  const directory = temporaryDirectory(t);
  const secret = join(directory, 'secret');
  writeFileSync(secret, 'correct horse battery staple', { mode: 0o600 });
  const group = `sticky: { secret_file: "${secret}", max_age: 1h, same_site: strict }`;
  const one = await start(t, servers, group);
  const other = await start(t, servers, group);
  const stranger = await start(t, servers);
  for (let i = 0; i < 4; i++) {
    const answer = await whoAnswers(t, one);
    assert.match(cookieOf(answer), /; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/);
    const again = await whoAnswers(t, other, '/', { Cookie: valueOf(answer) });
    assert.equal(again.server, answer.server);
    assert.equal(cookieOf(again), undefined);
    assert.ok(cookieOf(await whoAnswers(t, stranger, '/', { Cookie: valueOf(answer) })));
  }
});

test('a reload keeps cookies good, and over https they are Secure', async (t) => {
  const servers = await namedServers(t, 3);
  const wherry = await startWherry(t, groupOf(servers, { balance: 'sticky', top: 'trusted_proxies: [127.0.0.1]' }));
  const answer = await whoAnswers(t, wherry, '/', { 'X-Forwarded-Proto': 'https' });
  assert.match(cookieOf(answer), /; HttpOnly; SameSite=Lax; Secure$/);
  writeFileSync(wherry.configPath, wherry.configText.replace('balance: sticky', 'balance: sticky\n    pool: { size: 3 }'));
  assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
  for (let i = 0; i < 6; i++) {
    const again = await whoAnswers(t, wherry, '/', { Cookie: valueOf(answer) });
    assert.equal(again.server, answer.server);
  }
});
