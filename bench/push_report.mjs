// SPDX-License-Identifier: MIT
// The tables of polls and fan-out: against nginx with proxy_cache and with nchan. Pushpin is
// shown beside it.
import {
  costTable, countRounds, formatMachine, formatNumber, formatTable, labels, replaceBetween,
  summarize,
} from './report.mjs';

const begin = '<!-- push table: begin -->';
const end = '<!-- push table: end -->';
const columns = ['wherry', 'nginx', 'pushpin'];

export function isPush({ tool }) {
  return tool === 'push';
}

function speedRows({ title, unit }, { proxies }) {
  return Object.entries(proxies).map(([proxy, medians]) => [
    title, labels[proxy], `${formatNumber(medians.per_second)} ${unit}`,
    ...['p50_us', 'p99_us', 'p999_us'].map((field) => formatNumber(medians[field])),
    `${(medians.busy * 100).toFixed(1)} %`, formatNumber(medians.backend_per_second),
  ]);
}

export function formatPush(machine, chosen, samples) {
  const summary = summarize(samples);
  const measured = chosen.filter((item) => isPush(item) && item.name in summary);
  const timed = measured.filter(({ measure }) => measure === 'cpu');
  const speed = timed.length === 0 ? '' : `
${formatTable(['case', 'proxy', 'per second', 'p50 µs', 'p99 µs', 'p99.9 µs', 'proxy busy',
    'backend requests a second'],
    timed.flatMap((item) => speedRows(item, summary[item.name])))}`;
  return `Polls are answered by nginx from its proxy_cache (1 s, proxy_cache_lock, background updates),
messages pushed by its module nchan; the ratio is to nginx. Latency is from a poll to its
answer, and from a POST to its message at each subscriber. Medians of ${countRounds(samples)}.

${costTable(measured, summary, columns)}${speed}
${formatMachine(machine)}
`;
}

export function updatePushReadme(file, machine, chosen, samples) {
  replaceBetween(file, begin, end, `\n${formatPush(machine, chosen, samples)}\n`);
}
