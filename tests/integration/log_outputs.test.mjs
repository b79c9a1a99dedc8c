// SPDX-License-Identifier: MIT
// Log files are opened anew on SIGUSR1, and an output that takes nothing stops nothing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';

const has = (file, text) => existsSync(file) && readFileSync(file, 'utf8').includes(text);

test('SIGUSR1 opens log files anew', async (t) => {
  const directory = temporaryDirectory(t);
  const access = join(directory, 'access.log');
  const events = join(directory, 'events.log');
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `log: { format: json, access: ${access}, events: ${events} }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('GET', '/before'));
  await eventually(() => has(access, '/before'), 'the first line');

  renameSync(access, `${access}.1`);
  renameSync(events, `${events}.1`);
  wherry.signal('SIGUSR1');
  await eventually(() => existsSync(access) && existsSync(events), 'the new files');
  await eventually(async () => {
    await exchange(peer, requestText('GET', '/after'));
    return has(access, '/after');
  }, 'a line in the new file');
  assert.ok(has(`${access}.1`, '/before'));
  assert.equal(has(access, '/before'), false);
});

test('nobody reads standard output', async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, forwardTo(backend), { stdout: 'unread' });
  const peer = await connect(t, wherry.port);
  const target = `/${'long'.repeat(200)}`;
  for (let i = 0; i < 3000; i++) {
    assert.equal((await exchange(peer, requestText('GET', target))).status, 200);
  }
});

test('a full disk stops nothing', async (t) => {
  const backend = await httpBackend(t, (_, response) => response.end('ok'));
  const wherry = await startWherry(t, `log: { format: json, access: /dev/full }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 200; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
  }
});
