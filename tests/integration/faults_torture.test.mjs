// SPDX-License-Identifier: MIT
// A call fails over HTTP, WebSocket and TLS (SECURITY S6, S7): the program lives, nothing
// leaks, and what comes after is served as if nothing had been.

import assert from 'node:assert/strict';

import { overTls, startWithGauges } from './support/gauges.mjs';
import { torture } from './support/torture.mjs';
import { bodyTraffic, socketTraffic, trafficBackend } from './support/traffic.mjs';

const KINDS = [
  ['alloc', 'ENOMEM'], ['recv', 'ECONNRESET'], ['recv', 'EINTR'], ['recv', 'ENOMEM'],
  ['send', 'ECONNRESET'], ['send', 'EPIPE'], ['send', 'EAGAIN'], ['send', 'ENOBUFS'], ['send', 'ENOMEM'],
  ['send', undefined], ['recv', undefined],
  ['accept', 'EMFILE'], ['accept', 'ENOBUFS'], ['accept', 'ECONNABORTED'], ['accept', 'EINTR'],
  ['connect', 'ECONNREFUSED'], ['connect', 'EADDRNOTAVAIL'], ['socket', 'EMFILE'], ['socket', 'ENOBUFS'],
  ['epoll', 'ENOMEM'], ['epoll', 'ENOSPC'], ['wait', 'EINTR'], ['ioctl', 'EINVAL'], ['option', 'ENOBUFS'],
];

async function start(t, options) {
  const backend = await trafficBackend(t);
  return Object.assign(await startWithGauges(t, backend, options), { backend });
}

/** Requests of every kind, one after another; what each came to is not asked. */
async function act(t, wherry, id) {
  const { backend } = wherry;
  await bodyTraffic(wherry, { seed: id, length: 40_000 });
  await bodyTraffic(wherry, { seed: id, length: 3000, chunked: true });
  await socketTraffic(t, wherry, backend, { id: `${id}`, seed: id, count: 6 });
  const options = overTls(wherry);
  await socketTraffic(t, wherry, backend, { id: `${id} tls`, seed: id, count: 6, options });
  await bodyTraffic(wherry, { seed: id, length: 40_000, options });
}

async function serves(t, wherry, id) {
  const { backend } = wherry;
  assert.deepEqual(await bodyTraffic(wherry, { seed: id, length: 100 }), { isIntact: true, status: 200 });
  for (const options of [{}, overTls(wherry)]) {
    const socket = await socketTraffic(t, wherry, backend, { id: `${id} ${options.scheme}`, seed: id, count: 3, options });
    assert.deepEqual(socket, { opened: true, isIntact: true });
  }
}

torture('all traffic', { kinds: KINDS, start, act, serves });
