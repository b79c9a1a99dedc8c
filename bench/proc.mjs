// SPDX-License-Identifier: MIT
// What /proc says about a proxy's processes.
import { existsSync, readFileSync, readdirSync } from 'node:fs';

function parentOf(pid) {
  try {
    // The name in parentheses may hold spaces and parentheses itself.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
  } catch {
    return 0; // it ended meanwhile
  }
}

// A process and all that descend from it.
export function processTree(root) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const tree = [root];
  for (const pid of tree)
    tree.push(...all.filter((other) => parents.get(other) === pid));
  return tree;
}

// utime + stime of a thread: from the scheduler's own count in nanoseconds if the kernel has
// it, as the ticks of /proc/PID/stat are 10 ms wide.
function threadNanoseconds(task) {
  if (existsSync(`${task}/schedstat`))
    return Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]);
  const fields = readFileSync(`${task}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000_000;
}

// A helper that has ended since, as nginx's cache loader does after a minute, counts nothing.
export function usedNanoseconds(pids) {
  return pids.filter((pid) => existsSync(`/proc/${pid}/task`)).reduce((sum, pid) =>
    sum + readdirSync(`/proc/${pid}/task`).reduce((inner, thread) =>
      inner + threadNanoseconds(`/proc/${pid}/task/${thread}`), 0), 0);
}

export function pssBytes(pids) {
  return pids.reduce((sum, pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return sum + Number(/^Pss: +(\d+) kB/m.exec(rollup)[1]) * 1024;
  }, 0);
}
