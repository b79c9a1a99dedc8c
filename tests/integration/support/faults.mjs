// SPDX-License-Identifier: MIT
// The page that tests/faults shares with a program under test: which of its calls fail,
// how often, and how many did. The places are those of tests/faults/control.h.

import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

import { program, sanitizer } from './build.mjs';
import { cleanup } from './cleanup.mjs';
import { temporaryDirectory } from './wherry.mjs';

const CALLS = ['alloc', 'recv', 'send', 'accept', 'connect', 'socket', 'epoll', 'wait', 'ioctl', 'option'];
const PAGE_BYTES = 4096;
const PLACE = { isOn: 0, seed: 8, call: 16, nth: 24, span: 32, error: 40, traces: 48, sparesLibraries: 56 };
const RATES_AT = 64;
const RATE = { part: 0, again: 8, error: 16, count: 24, injected: 32 };
const RATES_BYTES = 40;

/** More seeds, for a long run: WHERRY_FAULT_SEEDS=20; the first one: WHERRY_FAULT_SEED. */
export const seeds = Array.from({ length: Number(process.env.WHERRY_FAULT_SEEDS ?? 1) },
  (_, i) => Number(process.env.WHERRY_FAULT_SEED ?? 1) + i);

// The thread and clang's address sanitizer bring an allocator that nothing can stand before.
export const canFailAllocations = sanitizer === 'none' ||
  (sanitizer === 'address' && !process.env.WHERRY?.includes('clang'));

export class Faults {
  constructor(t) {
    const library = join(dirname(program), 'tests/faults/faults.so');
    if (!existsSync(library)) throw new Error(`no library at ${library}: build it`);
    this.directory = temporaryDirectory(t);
    const path = join(this.directory, 'faults');
    writeFileSync(path, Buffer.alloc(PAGE_BYTES));
    this.fd = openSync(path, 'r+');
    cleanup(t, () => closeSync(this.fd));
    /** For startWherry. */
    this.environment = { LD_PRELOAD: library, WHERRY_FAULTS: path };
    if (process.env.WHERRY_FAULT_TRACES) this.put(PLACE.traces, 1);
  }

  put(place, value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    writeSync(this.fd, bytes, 0, 8, place);
  }

  get(place) {
    const bytes = Buffer.alloc(8);
    readSync(this.fd, bytes, 0, 8, place);
    return Number(bytes.readBigUInt64LE());
  }

  place(call, what) {
    return RATES_AT + CALLS.indexOf(call) * RATES_BYTES + RATE[what];
  }

  /** Of these calls: shares from 0 to 1 that move a part, would block, fail. */
  rate(calls, { part = 0, again = 0, error = 0 }) {
    for (const call of calls) {
      this.put(this.place(call, 'part'), Math.round(part * 65536));
      this.put(this.place(call, 'again'), Math.round(again * 65536));
      this.put(this.place(call, 'error'), Math.round(error * 65536));
    }
  }

  /** The nth call from now on fails with this error (a name; none: it moves one byte). */
  fail(call, nth, error, span = 1) {
    this.off();
    for (const each of CALLS) {
      this.put(this.place(each, 'count'), 0);
      this.put(this.place(each, 'injected'), 0);
    }
    this.put(PLACE.call, CALLS.indexOf(call));
    this.put(PLACE.error, error ? constants.errno[error] : 0);
    this.put(PLACE.span, span);
    this.put(PLACE.nth, nth);
    this.on();
  }

  on(seed = 0) {
    this.put(PLACE.seed, seed);
    this.put(PLACE.isOn, 1);
  }

  off() {
    this.put(PLACE.isOn, 0);
    this.put(PLACE.nth, 0);
  }

  /** libcrypto leaks a few bytes of its own when its allocations fail. Before the start. */
  forgiveLeaksOfCrypto() {
    const path = join(this.directory, 'suppressions');
    writeFileSync(path, 'leak:libcrypto\n');
    this.environment.LSAN_OPTIONS = `suppressions=${path}:print_suppressions=0`;
  }

  /** Allocations of libraries that can't do without in their first steps succeed. */
  spareLibraries() {
    this.put(PLACE.sparesLibraries, 1);
  }

  get isOn() {
    return this.get(PLACE.isOn) !== 0;
  }

  /** Of this kind, since fail(). */
  count(call) {
    return this.get(this.place(call, 'count'));
  }

  injected(calls = CALLS) {
    return calls.reduce((sum, call) => sum + this.get(this.place(call, 'injected')), 0);
  }
}

/** Options of startWherry: those given, and the faults. */
export function withFaults(faults, options = {}) {
  return { ...options, env: faults.environment };
}
