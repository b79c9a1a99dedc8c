// SPDX-License-Identifier: MIT
// What the kernel says of a process: memory, processor time, descriptors.

import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, fixed in the kernel's interface

/** Resident bytes. */
export function residentMemory(pid) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m);
  return Number(line[1]) * 1024;
}

/** The most resident bytes since start. */
export function peakMemory(pid) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmHWM:\s+(\d+) kB$/m);
  return Number(line[1]) * 1024;
}

/** Seconds of processor time, user and system, of all threads so far. */
export function processorSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function descriptorCount(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function threadCount(pid) {
  return readdirSync(`/proc/${pid}/task`).length;
}
