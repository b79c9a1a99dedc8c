// SPDX-License-Identifier: MIT
// The program under test, and what kind of build it is: sanitizers change what memory means.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const program = process.env.WHERRY ?? `${root}build/release/wherry`;

if (!existsSync(program)) {
  throw new Error(`no program at ${program}: set WHERRY, or run ./dev build`);
}

const image = readFileSync(program);
export const sanitizer = image.includes('__tsan_init')
  ? 'thread'
  : image.includes('__asan_init')
    ? 'address'
    : 'none';

// For tests of memory in small rooms, where a sanitizer does not fit in: null, if there is
// no build without one.
const release = `${root}build/release/wherry`;
export const plainProgram = sanitizer === 'none' ? program : existsSync(release) ? release : null;

// What a byte of the program's memory may cost in resident bytes: red zones and shadow.
const memoryFactor = { none: 1, address: 3, thread: 8 }[sanitizer];

/** The most that resident memory may grow while Wherry holds this many bytes. */
export function residentBound(bytes) {
  const slack = sanitizer === 'none' ? 4 : 64;
  return bytes * memoryFactor + slack * 1024 * 1024;
}
