// SPDX-License-Identifier: MIT
// Waiting: always for an event, always with a deadline. The one deadline is generous, since
// a build with a thread sanitizer on a busy machine is twenty times slower than a release.

export const PATIENCE_MS = Number(process.env.WHERRY_TEST_PATIENCE_MS ?? 30_000);

/** The promise's value, or an error that says what did not happen (a text, or what gives it). */
export async function within(promise, what, milliseconds = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${milliseconds} ms: ${typeof what === 'function' ? what() : what}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks probe again and again, for state that sends no event, until it gives a true value. */
export async function eventually(probe, what, milliseconds = PATIENCE_MS) {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${typeof what === 'function' ? what() : what}`);
    await pause(20);
  }
}

/** Waits until measure gives the same value for `quiet` milliseconds. */
export async function settled(measure, what, { quiet = 1000, milliseconds = PATIENCE_MS } = {}) {
  const deadline = performance.now() + milliseconds;
  let value = await measure();
  let since = performance.now();
  while (performance.now() - since < quiet) {
    if (performance.now() > deadline) throw new Error(`still changing after ${milliseconds} ms: ${what}`);
    await pause(50);
    const next = await measure();
    if (next !== value) since = performance.now();
    value = next;
  }
  return value;
}

/** Only where time itself is what is tested. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
