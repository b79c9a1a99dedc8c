// SPDX-License-Identifier: MIT
// Starts the examples' backends, each a process: all of them, or the pages and those named.
// Ctrl-C or SIGTERM stops them, and so does the end of one.
//
//   node examples/start.mjs [NAME...]

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// needs: an npm package, besides ws, without which the rest goes on. prepare: a script to run before.
const backends = [
  { name: 'pages', ports: [9000] },
  { name: 'demo', ports: [9001] },
  { name: 'maze', ports: [9002] },
  { name: 'notes', ports: [9003, 9004], needs: 'yjs' },
  { name: 'legacy', ports: [9005], needs: 'jquery' },
  { name: 'hooks', ports: [], prepare: 'hooks/secrets.sh' },
];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = process.argv.slice(2);
const children = [];
let isStopping = false;

function isWanted({ name, needs }) {
  if (name !== 'pages' && names.length > 0 && !names.includes(name)) return false;
  const isThere = !needs || existsSync(here(`node_modules/${needs}`));
  if (!isThere) console.log(`${name} is left out: it needs ${needs}; run npm ci in examples/`);
  return isThere;
}

/** Resolves when it listens. */
function start(name, port) {
  const child = spawn(process.execPath, [here(`${name}/server.mjs`)], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  child.stdout.pipe(process.stdout);
  child.on('exit', (code, signal) => {
    if (!isStopping) console.error(`${name} ended: ${signal ?? code}`);
    stop(isStopping ? 0 : 1);
  });
  return once(child.stdout, 'data');
}

function stop(status) {
  if (isStopping) return;
  isStopping = true;
  process.exitCode = status;
  for (const child of children) child.kill('SIGTERM');
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(0));

const wanted = backends.filter(isWanted);
for (const { prepare } of wanted) if (prepare) execFileSync(here(prepare));
await Promise.all(wanted.flatMap(({ name, ports }) => ports.map((port) => start(name, port))));
console.log('ready');
