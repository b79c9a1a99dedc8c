// SPDX-License-Identifier: MIT
// The machine the benchmark runs on: its cores, and what to write beside the numbers.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

// "0-2,5" -> [0, 1, 2, 5]
function parseCoreList(text) {
  return text.trim().split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

// The proxy has a core to itself; the load generator, the backend and we share the rest.
export function chooseCores(progress) {
  const status = readFileSync('/proc/self/status', 'utf8');
  const allowed = parseCoreList(/^Cpus_allowed_list:(.*)$/m.exec(status)[1]);
  const [load, proxy = load, backend = load] = allowed;
  if (allowed.length < 2)
    progress('only one core: the proxy shares it, take the numbers with care');
  spawnSync('taskset', ['-a', '-c', '-p', String(load), String(process.pid)]);
  return { load, proxy, backend };
}

export function describeMachine(cores, proxies) {
  return {
    date: new Date().toISOString(),
    processor: cpus()[0].model,
    kernel: release(),
    cores,
    coreCount: cpus().length,
    versions: Object.fromEntries(proxies.filter(({ version }) => version)
      .map(({ name, version }) => [name, version])),
  };
}
