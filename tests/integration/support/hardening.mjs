// SPDX-License-Identifier: MIT
// What the kernel says of a process's privileges, and how to start one as somebody else.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { program, sanitizer } from './build.mjs';
import { temporaryDirectory } from './wherry.mjs';

export const isRoot = process.getuid() === 0;
export const NOBODY = Number(execFileSync('id', ['-u', 'nobody']));
export const BIND = 1 << 10; // CAP_NET_BIND_SERVICE

/** Of each thread: uids, groups, capabilities, noNewPrivs, seccomp. */
export function threads(pid) {
  // The thread sanitizer has a thread of its own, from before main.
  const all = readdirSync(`/proc/${pid}/task`);
  const ids = sanitizer === 'thread' ? [String(pid)] : all;
  return ids.map((id) => {
    const text = readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8');
    const value = (name) => text.match(new RegExp(`^${name}:\\s*(.*)$`, 'm'))[1].trim();
    return {
      uids: [...new Set(value('Uid').split(/\s+/).map(Number))],
      gids: [...new Set(value('Gid').split(/\s+/).map(Number))],
      groups: value('Groups').split(/\s+/).filter(Boolean).map(Number),
      inheritable: Number(`0x${value('CapInh')}`),
      permitted: Number(`0x${value('CapPrm')}`),
      effective: Number(`0x${value('CapEff')}`),
      noNewPrivs: Number(value('NoNewPrivs')),
      seccomp: Number(value('Seccomp')),
    };
  });
}

/** A process that may be dumped belongs to its user in /proc, one that may not to root. */
export function isDumpable(pid) {
  return statSync(`/proc/${pid}/environ`).uid !== 0;
}

/** The program as nobody, from a folder that nobody may look into. */
export function asNobody(t) {
  const copy = join(temporaryDirectory(t), 'wherry');
  chmodSync(join(copy, '..'), 0o755);
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
  return ['setpriv', `--reuid=${NOBODY}`, '--regid=65534', '--clear-groups', copy];
}
