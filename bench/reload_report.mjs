// SPDX-License-Identifier: MIT
// The table of the reload test: one column for each proxy and way to run it.
import { formatTable, labels, replaceBetween } from './report.mjs';

const begin = '<!-- reload table: begin -->';
const end = '<!-- reload table: end -->';

const MIB = 1 << 20;

const rows = [
  ['WebSockets closed, with a Close frame', ({ told }) => told],
  ['WebSockets cut without one', ({ cut }) => cut],
  ['attempts refused or unanswered', ({ refused }) => refused],
  ['messages lost, doubled or moved', ({ wrong }) => wrong],
  ['processes, before and after', ({ before, processes }) => `${before}, ${processes}`],
  ['memory (PSS) in MiB, before and after',
    (sample) => `${(sample.memory_before / MIB).toFixed(1)}, ${(sample.memory / MIB).toFixed(1)}`],
];

function labelOf(variant) {
  const [proxy, ...options] = variant.split(', ');
  return [labels[proxy], ...options].join(', ');
}

export function formatReload({ load, variants }) {
  const { connections, leavesPerSecond, knocksPerSecond, reloads, pauseMs } = load;
  const seconds = Math.round(reloads * pauseMs / 1000);
  const samples = Object.values(variants);
  return `${reloads} reloads in ${seconds} s, each with a change that concerns nobody, under ${
    connections.toLocaleString('en-US')} WebSockets that
exchange numbered messages and come back when they are dropped; each second ${leavesPerSecond} of them are
replaced by new ones, and ${knocksPerSecond} requests come on connections of their own:

${formatTable(['', ...Object.keys(variants).map(labelOf)],
    rows.map(([title, show]) => [title, ...samples.map((sample) => show(sample).toLocaleString('en-US'))]))}`;
}

export function updateReloadReadme(file, reload) {
  replaceBetween(file, begin, end, `\n${formatReload(reload)}\n`);
}
