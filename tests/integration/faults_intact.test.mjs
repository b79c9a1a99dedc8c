// SPDX-License-Identifier: MIT
// Bytes under faults (SECURITY S1): system calls that move a part, would block, are
// interrupted or fail, by a seed. Every connection ends with the same SHA-256 at both ends,
// or has ended and its access line names why; not one byte is wrong, and the program lives.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './support/deadline.mjs';
import { Faults, canFailAllocations, seeds, withFaults } from './support/faults.mjs';
import { allGone, overTls, startWithGauges } from './support/gauges.mjs';
import { bodyTraffic, socketTraffic, trafficBackend } from './support/traffic.mjs';

const SOCKETS = Number(process.env.WHERRY_FAULT_SOCKETS ?? 16);
const BODIES = 8;
/** All at once, half of it over TLS; gives how each ended. */
async function run(t, wherry, backend, seed) {
  const options = (i) => (i % 4 < 2 ? {} : overTls(wherry));
  const sockets = Array.from({ length: SOCKETS }, (_, i) =>
    socketTraffic(t, wherry, backend, { id: `${seed}-${i}`, seed: `${seed} ${i}`, options: options(i) }));
  const bodies = Array.from({ length: BODIES }, (_, i) =>
    bodyTraffic(wherry, { seed: `${seed} b${i}`, length: 1 + i * 50_000, chunked: i % 2 === 0, options: options(i) }));
  return { sockets: await Promise.all(sockets), bodies: await Promise.all(bodies) };
}

async function assertRecovers(t, wherry, backend, seed) {
  if (wherry.hasEnded()) await wherry.ended(); // says why
  const socket = await socketTraffic(t, wherry, backend, { id: `${seed}-after`, seed, count: 10 });
  assert.deepEqual(socket, { opened: true, isIntact: true });
  assert.deepEqual(await bodyTraffic(wherry, { seed, length: 1000 }), { isIntact: true, status: 200 });
  await allGone(t, wherry);
}

for (const seed of seeds) {
  test(`parts, EAGAIN and EINTR change nothing (seed ${seed})`, async (t) => {
    const faults = new Faults(t);
    const backend = await trafficBackend(t);
    const wherry = await startWithGauges(t, backend, withFaults(faults));
    faults.rate(['recv', 'send'], { part: 0.4, again: 0.2 });
    faults.rate(['wait'], { error: 0.05 });
    faults.on(seed);
    const { sockets, bodies } = await run(t, wherry, backend, seed);
    assert.ok(faults.injected() > 300, `only ${faults.injected()} faults`);
    assert.equal(sockets.filter((each) => each.isIntact).length, SOCKETS);
    assert.equal(bodies.filter((each) => each.isIntact).length, BODIES);
    faults.off();
    await assertRecovers(t, wherry, backend, seed);
  });

  test(`failing calls end connections, with a reason (seed ${seed})`, async (t) => {
    const faults = new Faults(t);
    const backend = await trafficBackend(t);
    const wherry = await startWithGauges(t, backend, withFaults(faults));
    faults.rate(['recv', 'send'], { part: 0.3, again: 0.1, error: 0.001 });
    faults.rate(['accept', 'connect', 'socket'], { error: 0.1 });
    faults.rate(['epoll', 'ioctl', 'option', 'wait'], { error: 0.02 });
    faults.on(seed);
    const { sockets, bodies } = await run(t, wherry, backend, seed);
    const ended = [...sockets, ...bodies].filter((each) => !each.isIntact).length;
    t.diagnostic(`${faults.injected()} faults, ${ended} of ${SOCKETS + BODIES} connections ended`);
    faults.off();
    const relays = () => wherry.accessLines.filter((line) => line.status === 101);
    const opened = sockets.filter((each) => each.opened).length;
    await eventually(() => relays().length >= opened, `an access line for each of ${opened} WebSockets`);
    for (const line of relays()) assert.ok(line.reason && line.ended_by, JSON.stringify(line));
    await assertRecovers(t, wherry, backend, seed);
  });

  test(`failing allocations end connections (seed ${seed})`, { skip: !canFailAllocations }, async (t) => {
    const faults = new Faults(t);
    faults.forgiveLeaksOfCrypto();
    const backend = await trafficBackend(t);
    const wherry = await startWithGauges(t, backend, withFaults(faults));
    faults.rate(['recv', 'send'], { part: 0.3, again: 0.1 });
    faults.rate(['alloc'], { error: 0.003 });
    faults.on(seed);
    const { sockets, bodies } = await run(t, wherry, backend, seed);
    const ended = [...sockets, ...bodies].filter((each) => !each.isIntact).length;
    t.diagnostic(`${faults.injected(['alloc'])} failed, ${ended} of ${SOCKETS + BODIES} connections ended`);
    faults.off();
    await assertRecovers(t, wherry, backend, seed);
  });
}
