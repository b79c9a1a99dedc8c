// SPDX-License-Identifier: MIT
// One call made to fail, the first, the second and so on to the last, while something is
// done with a running Wherry (SECURITY S6, S7).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './deadline.mjs';
import { Faults, canFailAllocations, withFaults } from './faults.mjs';
import { allGone } from './gauges.mjs';
import { descriptorCount } from './process_stats.mjs';

// Ever fewer of them, so that the suite stays short; WHERRY_FAULT_STEP=1 takes them all.
const step = (nth, sparse) =>
  Number(process.env.WHERRY_FAULT_STEP ?? Math.max(sparse, Math.floor(nth / 8)));
const FIRST = Number(process.env.WHERRY_FAULT_FIRST ?? 1);
const MOST = Number(process.env.WHERRY_FAULT_MOST ?? 20_000);

/**
 * A test for each [call, error] of kinds.
 * start(t, options): gives the running Wherry, options are startWherry's.
 * act(t, wherry, id): what calls fail under; serves(t, wherry, id): asserts that all works.
 * sparse: of how many calls one fails at first.
 */
export function torture(what, { kinds, start, act, serves, sparse = 3 }) {
  for (const [call, error] of kinds) {
    const skip = call === 'alloc' && !canFailAllocations;
    test(`${what}, the nth ${call} fails: ${error ?? 'a single byte'}`, { skip }, async (t) => {
      const faults = new Faults(t);
      if (call === 'alloc') faults.forgiveLeaksOfCrypto();
      const wherry = await start(t, withFaults(faults));
      await eventually(() => wherry.stderr.includes('is ready'), 'wherry is ready');
      for (const id of ['before', 'again']) {
        await act(t, wherry, id);
        await serves(t, wherry, id);
      }
      await allGone(t, wherry);
      const descriptors = descriptorCount(wherry.pid);
      let nth = FIRST;
      for (let isReached = true; isReached && nth <= MOST; nth += step(nth, sparse)) {
        faults.fail(call, nth, error);
        await act(t, wherry, nth);
        isReached = faults.injected([call]) > 0;
        faults.off();
        assert.equal(wherry.hasEnded(), false, `after failure ${nth}: ${wherry.stderr}`);
        if (isReached) {
          await serves(t, wherry, `${nth} after`).catch((cause) => {
            throw new Error(`after failure ${nth}: ${cause.message}\n${wherry.stderr.slice(-2500)}`, { cause });
          });
        }
      }
      t.diagnostic(`${call} ${error}: up to the ${nth}th`);
      await allGone(t, wherry, descriptors);
    });
  }
}
