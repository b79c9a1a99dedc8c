// SPDX-License-Identifier: MIT
// Node processes beside the test, for what one process can't do to itself: being stopped,
// being killed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';

/** Runs support/children/NAME, by node or perl, with arguments; its words on standard output can be awaited. */
export function startChild(t, name, ...args) {
  const file = fileURLToPath(new URL(`children/${name}`, import.meta.url));
  const child = spawn(name.endsWith('.pl') ? 'perl' : process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
  cleanup(t, () => {
    child.kill('SIGKILL');
    return within(exit, `${name} ends`);
  });
  /** The match of the pattern in what the child has said, now or later. */
  child.says = (pattern) => eventually(() => output.match(pattern), `${name} says ${pattern}`);
  return child;
}
