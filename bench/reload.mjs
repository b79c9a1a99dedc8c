// SPDX-License-Identifier: MIT
// One reload after the other, each with a change that concerns nobody, while WebSockets talk
// and requests come: who is dropped, who is turned away, and what is left behind. nginx and
// HAProxy are shown as they are, and with the option that bounds how long their old processes
// stay.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { processTree, pssBytes } from './proc.mjs';
import { stopAll } from './processes.mjs';
import { startProxy } from './proxies.mjs';
import { Crowd } from './reload_clients.mjs';

const BOUND_S = 5;

const variants = [
  {
    name: 'wherry', proxy: 'wherry', signal: 'SIGHUP',
    change: (text, edition) => text.replace('routes:\n',
      `routes:\n  - match: { path: /new-${edition}/ }\n    redirect: { to: / }\n`),
  },
  {
    name: 'nginx', proxy: 'nginx', signal: 'SIGHUP',
    change: (text, edition) => text.replace('location / {', `location /new-${edition}/ { return 302 /; }\n    location / {`),
  },
  {
    name: `nginx, worker_shutdown_timeout ${BOUND_S}s`, proxy: 'nginx', signal: 'SIGHUP',
    prepare: (text) => `worker_shutdown_timeout ${BOUND_S}s;\n${text}`,
  },
  {
    name: 'haproxy', proxy: 'haproxy', signal: 'SIGUSR2',
    // Without the socket that hands listeners over, attempts get lost.
    prepare: (text, folder) => text.replace('global\n',
      `global\n  stats socket ${join(folder, 'admin')} level admin expose-fd listeners\n`),
    change: (text, edition) => text.replace('  default_backend',
      `  http-request redirect location / if { path_beg /new-${edition}/ }\n  default_backend`),
    command: (program, file) => [program, '-W', '-db', '-f', file],
  },
  {
    name: `haproxy, hard-stop-after ${BOUND_S}s`, proxy: 'haproxy', signal: 'SIGUSR2',
    prepare: (text) => text.replace('global\n', `global\n  hard-stop-after ${BOUND_S}s\n`),
  },
];

// The second of a kind does what the first does, and more.
function complete(variant) {
  const base = variants.find(({ name }) => name === variant.proxy);
  const prepare = (text, folder) => {
    const first = base.prepare?.(text, folder) ?? text;
    return variant === base ? first : variant.prepare(first, folder);
  };
  return { ...base, ...variant, prepare };
}

async function runVariant(bench, kind, variant, { reloads, pauseMs, ...load }) {
  const proxy = await startProxy(bench, { ...kind,
    command: variant.command ?? kind.command,
    config: (options) => variant.prepare(kind.config(options), bench.folder) });
  const file = join(proxy.folder, kind.file);
  const text = readFileSync(file, 'utf8');
  const crowd = new Crowd(proxy.port, load);
  while (crowd.open < 0.95 * load.connections) // some always leave
    await delay(50);
  const before = processTree(proxy.child.pid);
  const memory = pssBytes(before);
  for (let edition = 0; edition < reloads; edition++) {
    writeFileSync(file, variant.change(text, edition));
    proxy.child.kill(variant.signal);
    await delay(pauseMs);
  }
  const { told, cut, refused, wrong, knocks } = crowd;
  const processes = processTree(proxy.child.pid);
  const sample = {
    told, cut, refused, wrong, knocks, processes: processes.length, before: before.length,
    memory: pssBytes(processes), memory_before: memory,
  };
  crowd.end();
  await stopAll([proxy]);
  return sample;
}

export async function measureReload(bench, load) {
  const samples = {};
  for (const variant of variants.map(complete)) {
    const kind = bench.proxies.find(({ name }) => name === variant.proxy);
    if (kind === undefined)
      continue;
    bench.progress(`reload: ${variant.name}`);
    samples[variant.name] = await runVariant(bench, kind, variant, load);
  }
  return samples;
}
