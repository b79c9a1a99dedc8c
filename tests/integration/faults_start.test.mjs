// SPDX-License-Identifier: MIT
// Start-up under faults (SECURITY S6, S7): whichever allocation or call fails, the program
// either serves, or says why not and exits with 1 or 3. It never crashes, hangs or leaks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { program } from './support/build.mjs';
import { cleanup } from './support/cleanup.mjs';
import { PATIENCE_MS, within } from './support/deadline.mjs';
import { Faults, canFailAllocations } from './support/faults.mjs';
import { freePorts, temporaryDirectory } from './support/wherry.mjs';

// How many of the points are tried, evenly; WHERRY_FAULT_POINTS=100000 takes them all.
const POINTS = Number(process.env.WHERRY_FAULT_POINTS ?? 8);

const configuration = ([port, status]) => `
workers: 1
listeners: [{ address: "127.0.0.1:${port}" }]
status: 127.0.0.1:${status}
drain: { window: 0s, timeout: 0s }
routes: [{ to: app, websocket: { origins: any } }]
upstreams: { app: { servers: [{ url: "http://localhost:9" }, { url: "http://127.0.0.1:9" }] } }
`;

/** Runs until it ends by itself, or is ready and then stopped. */
async function run(t, faults, args) {
  const child = spawn(program, args, {
    env: {
      ...process.env, ...faults.environment, ASAN_OPTIONS: 'verify_asan_link_order=0:detect_leaks=1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  cleanup(t, () => child.kill('SIGKILL'));
  let stderr = '';
  // What is to tell that it is ready may be the line for which there was no memory.
  const silence = setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS / 2);
  cleanup(t, () => clearTimeout(silence));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    if (!stderr.includes('is ready') || !faults.isOn) return;
    faults.off();
    child.kill('SIGTERM');
  });
  const [code, signal] = await within(once(child, 'close'), () => `the end; so far: ${stderr}`);
  clearTimeout(silence);
  return { code, signal, stderr };
}

async function torture(t, call, error, args, goodCodes) {
  const faults = new Faults(t);
  // OpenSSL 3.0, libseccomp 2.5 and glibc crash if their very first allocations fail.
  faults.spareLibraries();
  faults.fail(call, 0, error);
  const calm = await run(t, faults, args);
  assert.equal(calm.code, 0, calm.stderr);
  const all = faults.count(call);
  assert.ok(all > 0, 'nothing to fail');
  const step = Math.max(1, Math.floor(all / POINTS));
  const codes = {};
  for (let nth = 1; nth <= all; nth += step) {
    faults.fail(call, nth, error);
    const { code, signal, stderr } = await run(t, faults, args);
    // The sanitizer itself does not expect that a new thread finds no memory.
    if (/CHECK failed: sanitizer_/.test(stderr)) continue;
    const what = `${call} ${nth} of ${all}: ${code ?? signal}\n${stderr}`;
    assert.ok(goodCodes.includes(code), what);
    assert.doesNotMatch(stderr, /runtime error:|Sanitizer/, what);
    if (code !== 0) assert.notEqual(stderr.trim(), '', `it says nothing: ${what}`);
    else if (args[0] === 'run') assert.match(stderr, /is ready|log lines dropped/, what);
    codes[code] = (codes[code] ?? 0) + 1;
  }
  t.diagnostic(`${all} calls, every ${step}th failed: exit codes ${JSON.stringify(codes)}`);
}

const KINDS = [
  ['alloc', 'ENOMEM'], ['socket', 'EMFILE'], ['option', 'ENOBUFS'], ['epoll', 'ENOMEM'], ['wait', 'EINTR'],
];

for (const [call, error] of KINDS) {
  const skip = call === 'alloc' && !canFailAllocations;
  test(`wherry run, the nth ${call} fails`, { skip }, async (t) => {
    const path = join(temporaryDirectory(t), 'wherry.yaml');
    writeFileSync(path, configuration(await freePorts(2)));
    await torture(t, call, error, ['run', '-c', path], [0, 3, 1]);
  });
}

test('wherry check, the nth allocation fails', { skip: !canFailAllocations }, async (t) => {
  const path = join(temporaryDirectory(t), 'wherry.yaml');
  writeFileSync(path, configuration(await freePorts(2)));
  await torture(t, 'alloc', 'ENOMEM', ['check', '-c', path], [0, 1]);
});
