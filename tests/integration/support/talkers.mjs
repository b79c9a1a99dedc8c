// SPDX-License-Identifier: MIT
// WebSockets that exchange numbered messages all the time, so that one lost, doubled or out
// of order is seen; and servers that say who they are.

import assert from 'node:assert/strict';

import { webSocketBackend } from './backends.mjs';
import { PATIENCE_MS, pause, within } from './deadline.mjs';
import { connectWebSocket } from './ws_client.mjs';

/** Answers requests with its name, and tells it as the first message of a WebSocket. */
export async function namedBackend(t, name, where = {}) {
  const backend = await webSocketBackend(t, (socket) => {
    socket.send(name);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  }, {}, where);
  backend.name = name;
  backend.requests = 0;
  backend.server.removeAllListeners('request').on('request', (_, response) => {
    backend.requests++;
    response.end(name);
  });
  return backend;
}

// Without the deadline of Client, whose timer would outlive a talker that is closed.
function nextMessage(client) {
  if (client.messages.length > 0) return client.messages.shift();
  return new Promise((resolve) => client.takers.push(resolve));
}

async function talk(talker) {
  const { client } = talker;
  for (; !talker.isStopped && !talker.end; talker.count++) {
    await client.send(String(talker.count)).catch(() => {});
    const answer = await Promise.race([nextMessage(client), talker.closing]);
    if (talker.end) return;
    assert.equal(answer.data.toString(), String(talker.count), 'no gap, nothing twice, in order');
    await pause(5);
  }
}

/** One more; server is the name of the one it was led to, end how it was closed. */
export async function startTalker(t, url) {
  const client = await connectWebSocket(t, url);
  const talker = { client, server: await client.text(), count: 0, isStopped: false, end: null };
  talker.closing = new Promise((resolve) => {
    client.socket.once('close', (code, reason) => {
      talker.end = { code, reason: reason.toString() };
      resolve();
    });
  });
  talker.talking = talk(talker);
  talker.talking.catch((error) => { talker.error = error; });
  return talker;
}

export async function startTalkers(t, url, count) {
  const talkers = [];
  for (let i = 0; i < count; i++) talkers.push(await startTalker(t, url));
  return talkers;
}

/** Ends them; none may have failed, and those that were not closed have talked until now. */
export async function stopTalkers(talkers) {
  for (const talker of talkers) talker.isStopped = true;
  await within(Promise.all(talkers.map(({ talking }) => talking)), 'all talkers are answered');
}

/** How many each server has. */
export function countByServer(talkers) {
  const counts = {};
  for (const { server, end } of talkers) if (!end) counts[server] = (counts[server] ?? 0) + 1;
  return counts;
}

/** Asks again and again until stop(), which gives how often each server answered. */
export function startAsking(wherry) {
  const asking = { answers: {}, failures: [], isStopped: false };
  const ask = async () => {
    while (!asking.isStopped) {
      const response = await fetch(wherry.url, { signal: AbortSignal.timeout(PATIENCE_MS) })
        .catch((error) => ({ status: error.message, text: () => '' }));
      const text = await response.text();
      if (response.status === 200) asking.answers[text] = (asking.answers[text] ?? 0) + 1;
      else asking.failures.push(response.status);
    }
  };
  const loops = [ask(), ask()];
  asking.stop = async () => {
    asking.isStopped = true;
    await Promise.all(loops);
    return asking.answers;
  };
  return asking;
}

/** Who answers the next requests, by name. */
export async function askTimes(wherry, times) {
  const counts = {};
  for (let i = 0; i < times; i++) {
    const response = await fetch(wherry.url);
    const key = response.status === 200 ? await response.text() : response.status;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
