// SPDX-License-Identifier: MIT
// The number of workers and the listeners change by a reload, while clients connect.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectLoad } from './support/connect_load.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { descriptorCount, threadCount } from './support/process_stats.mjs';
import { startToUpgrade } from './support/upgrade.mjs';
import { freePorts } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const ROUNDS_MS = 5_000; // at most: a slow machine does as many rounds as it can

async function reload(t, wherry, text) {
  wherry.writeConfiguration(text);
  const answer = await askControl(t, wherry, { verb: 'reload' });
  assert.equal(answer.ok, true, answer.error);
  return answer;
}

async function assertEchoes(clients, text) {
  for (const client of clients) {
    await client.send(text);
    assert.equal(await client.text(), text);
  }
}

/** Who has taken a connection: ids of each worker are a step of 256 apart. */
const workerOf = ({ id }) => id % 256;

test('workers go and come, and nobody notices', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const text = wherry.configText;
  const withWorkers = (count) => text.replace(/^workers: .*/m, `workers: ${count}`);
  await reload(t, wherry, withWorkers(4));
  const load = connectLoad(t, places);
  const clients = await Promise.all(Array.from({ length: 40 }, () => connectWebSocket(t, `${wherry.webSocketUrl}/ws`)));
  const threads = threadCount(wherry.pid);
  for (const count of [1, 4, 3, 1, 4, 2, 4]) {
    const before = load.result.count;
    await reload(t, wherry, withWorkers(count));
    assert.equal((await askControl(t, wherry, { verb: 'status' })).workers, count);
    await eventually(() => load.result.count > before + 50, 'connections are made');
    // Those that began before may end late.
    const from = wherry.accessLines.length;
    const all = Array.from({ length: count }, (_, i) => i).join();
    const employed = () => [...new Set(wherry.accessLines.slice(from).slice(-100).map(workerOf))].sort().join();
    await eventually(() => wherry.accessLines.length > from + 100 && employed() === all,
      () => `workers ${all} are employed, and not ${employed()}`);
    await assertEchoes(clients, `${count} workers`);
  }
  assert.equal(threadCount(wherry.pid), threads, 'workers that were there are employed again');
  const { count, failures } = await load.stop();
  assert.deepEqual(failures, [], `of ${count}`);
  t.diagnostic(`${count} connections`);
});

test('listeners come and go, and what stays is not touched', async (t) => {
  const { wherry, places } = await startToUpgrade(t);
  const text = wherry.configText;
  const [port] = await freePorts(1);
  const path = `${places[1]}.added`; // in a folder that the sandbox has left open
  const more = text.replace('listeners:', `listeners:\n  - address: 127.0.0.1:${port}\n  - address: "unix:${path}"`);
  const load = connectLoad(t, places);
  let descriptors;
  for (let i = 0; i < 5; i++) {
    const added = await reload(t, wherry, more);
    assert.deepEqual(added.listeners_added.sort(), [`127.0.0.1:${port}`, `unix:${path}`]);
    // Whoever got through to one that goes is served, or refused: never dropped.
    const going = connectLoad(t, [port, path], { clients: 2 });
    await eventually(() => going.result.count > 50, 'connections are made');
    const client = await connectWebSocket(t, `ws://127.0.0.1:${port}/ws`);
    const removed = await reload(t, wherry, text);
    assert.deepEqual(removed.listeners_removed.sort(), [`127.0.0.1:${port}`, `unix:${path}`]);
    const { failures } = await going.stop();
    assert.deepEqual(failures.filter((failure) => !/ECONNREFUSED|ENOENT/.test(failure)), []);
    await assertEchoes([client], 'whose listener is gone');
    client.socket.terminate();
    descriptors ??= descriptorCount(wherry.pid);
  }
  const { count, failures } = await load.stop();
  assert.deepEqual(failures, [], `of ${count}`);
  await eventually(() => descriptorCount(wherry.pid) <= descriptors + 4, 'descriptors are closed');
});

test('an address that comes back at once loses nobody', async (t) => {
  const { wherry } = await startToUpgrade(t);
  const text = wherry.configText;
  const [port] = await freePorts(1);
  const more = text.replace('listeners:', `listeners:\n  - address: 127.0.0.1:${port}`);
  const served = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: 'close' } });
    await response.text();
    return response.status;
  };
  await reload(t, wherry, more);
  const load = connectLoad(t, [port]);
  const end = Date.now() + ROUNDS_MS;
  let rounds = 0;
  for (; rounds < 200 && Date.now() < end; rounds++) {
    await reload(t, wherry, text);
    await reload(t, wherry, more);
    const statuses = await Promise.all(Array.from({ length: 5 }, served));
    assert.deepEqual(statuses, [200, 200, 200, 200, 200], `round ${rounds}`);
  }
  const { count, failures } = await load.stop();
  // Between two reloads nobody listened; but who got through was served, whenever that was.
  assert.deepEqual(failures.filter((failure) => !/ECONNREFUSED/.test(failure)), [], `of ${count}`);
  t.diagnostic(`${rounds} rounds, ${count} connections`);
});

test('the status address moves', async (t) => {
  const { wherry } = await startToUpgrade(t);
  const [port] = await freePorts(1);
  await reload(t, wherry, wherry.configText.replace(/^status: .*/m, `status: 127.0.0.1:${port}`));
  assert.equal((await fetch(`http://127.0.0.1:${port}/ready`, { headers: { Connection: 'close' } })).status, 200);
  await assert.rejects(fetch(`http://127.0.0.1:${wherry.ports[1]}/ready`));
  await reload(t, wherry, wherry.configText.replace(/^status: .*/m, ''));
  await assert.rejects(fetch(`http://127.0.0.1:${port}/ready`));
});
