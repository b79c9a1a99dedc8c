// SPDX-License-Identifier: MIT
// One call made to fail, the first, the second and so on to the last, over HTTP,
// WebSocket and TLS (SECURITY S6, S7): the program lives, nothing leaks, and what comes
// after is served as if nothing had been.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Faults, canFailAllocations, withFaults } from './support/faults.mjs';
import { allGone, overTls, startWithGauges } from './support/gauges.mjs';
import { descriptorCount } from './support/process_stats.mjs';
import { bodyTraffic, socketTraffic, trafficBackend } from './support/traffic.mjs';

// Ever fewer of them, so that the suite stays short; WHERRY_FAULT_STEP=1 takes them all.
const step = (nth) => Number(process.env.WHERRY_FAULT_STEP ?? Math.max(3, Math.floor(nth / 8)));
const MOST = Number(process.env.WHERRY_FAULT_MOST ?? 5000);

const KINDS = [
  ['alloc', 'ENOMEM'], ['recv', 'ECONNRESET'], ['recv', 'EINTR'], ['recv', 'ENOMEM'],
  ['send', 'ECONNRESET'], ['send', 'EPIPE'], ['send', 'EAGAIN'], ['send', 'ENOBUFS'], ['send', 'ENOMEM'],
  ['send', undefined], ['recv', undefined],
  ['accept', 'EMFILE'], ['accept', 'ENOBUFS'], ['accept', 'ECONNABORTED'], ['accept', 'EINTR'],
  ['connect', 'ECONNREFUSED'], ['connect', 'EADDRNOTAVAIL'], ['socket', 'EMFILE'], ['socket', 'ENOBUFS'],
  ['epoll', 'ENOMEM'], ['epoll', 'ENOSPC'], ['wait', 'EINTR'], ['ioctl', 'EINVAL'], ['option', 'ENOBUFS'],
];

/** Requests of every kind, one after another; what each came to is not asked. */
async function everything(t, wherry, backend, id) {
  await bodyTraffic(wherry, { seed: id, length: 40_000 });
  await bodyTraffic(wherry, { seed: id, length: 3000, chunked: true });
  await socketTraffic(t, wherry, backend, { id, seed: id, count: 6 });
  const options = overTls(wherry);
  await socketTraffic(t, wherry, backend, { id: `${id} tls`, seed: id, count: 6, options });
  await bodyTraffic(wherry, { seed: id, length: 40_000, options });
}

async function assertServes(t, wherry, backend, id) {
  assert.deepEqual(await bodyTraffic(wherry, { seed: id, length: 100 }), { isIntact: true, status: 200 });
  for (const options of [{}, overTls(wherry)]) {
    const socket = await socketTraffic(t, wherry, backend, { id: `${id} ${options.scheme}`, seed: id, count: 3, options });
    assert.deepEqual(socket, { opened: true, isIntact: true });
  }
}

for (const [call, error] of KINDS) {
  const skip = call === 'alloc' && !canFailAllocations;
  test(`the nth ${call} fails: ${error ?? 'a single byte'}`, { skip }, async (t) => {
    const faults = new Faults(t);
    if (call === 'alloc') faults.forgiveLeaksOfCrypto();
    const backend = await trafficBackend(t);
    const wherry = await startWithGauges(t, backend, withFaults(faults));
    await assertServes(t, wherry, backend, 'before');
    await allGone(t, wherry);
    const descriptors = descriptorCount(wherry.pid);
    let nth = 1;
    for (let isReached = true; isReached && nth <= MOST; nth += step(nth)) {
      faults.fail(call, nth, error);
      await everything(t, wherry, backend, `${nth}`);
      isReached = faults.injected([call]) > 0;
      faults.off();
      assert.equal(wherry.hasEnded(), false, `after failure ${nth}: ${wherry.stderr}`);
      if (isReached) await assertServes(t, wherry, backend, `${nth} after`);
    }
    t.diagnostic(`${call} ${error}: up to the ${nth}th`);
    await allGone(t, wherry, descriptors);
  });
}
