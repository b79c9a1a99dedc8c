// SPDX-License-Identifier: MIT
// An example as its folder has it: its backends on free ports, and Wherry in front of them with
// its own configuration, in which only the ports are exchanged.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

import { root } from './build.mjs';
import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';
import { startWherry } from './wherry.mjs';

/** Why an example can't run here; false if all these npm packages are there. */
export function withoutPackages(...names) {
  const missing = names.filter((name) => !existsSync(`${root}examples/node_modules/${name}`));
  return missing.length > 0 && `examples/ lacks ${missing.join(', ')}: npm ci there`;
}

/** Starts examples/NAME/server.mjs on a free port. */
async function startBackend(t, name) {
  const child = spawn(process.execPath, [`${root}examples/${name}/server.mjs`], {
    env: { ...process.env, PORT: 0 },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  cleanup(t, () => {
    child.kill('SIGKILL');
    return within(exit, `${name} ends`);
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
  const [, port] = await eventually(() => output.match(/ listens on (\d+)\n/), `${name} listens`);
  return { port: Number(port), child };
}

/**
 * usualPorts: of the backends in examples/NAME/wherry.yaml, each with the name of its folder;
 * the pages' is always among them. more: further keys of the configuration.
 */
export async function startExample(t, name, usualPorts = {}, more = '') {
  const backends = {};
  for (const [usualPort, folder] of Object.entries({ 9000: 'pages', ...usualPorts })) {
    backends[usualPort] = await startBackend(t, folder);
  }
  const text = readFileSync(`${root}examples/${name}/wherry.yaml`, 'utf8')
    .replace(/secret_file: /g, `secret_file: ${root}examples/${name}/`);
  const wherry = await startWherry(t, ({ port }) => `${text.replace(/127\.0\.0\.1:(\d+)/g,
    (_, usual) => `127.0.0.1:${backends[usual]?.port ?? port}`)}${more}`);
  return { wherry, backends };
}
