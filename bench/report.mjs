// SPDX-License-Identifier: MIT
// From samples to the table: medians over the rounds, ratios to the better rival. Pure.
import { cases } from './cases.mjs';

const labels = { wherry: 'Wherry', nginx: 'nginx', haproxy: 'HAProxy', none: 'no proxy' };
const rivals = ['nginx', 'haproxy'];
const sampled = ['value', 'per_second', 'p50_us', 'p99_us', 'p999_us'];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function better(byProxy) {
  const values = rivals.map((name) => byProxy[name]).filter((value) => value !== undefined);
  return values.length > 0 ? Math.min(...values) : undefined;
}

function ratioOf(byProxy) {
  const best = better(byProxy);
  return best === undefined || byProxy.wherry === undefined ? undefined : byProxy.wherry / best;
}

function valuesByProxy(samples) {
  return Object.fromEntries(samples.map(({ proxy, value }) => [proxy, value]));
}

// {case: {proxies: {proxy: medians}, ratio, ratios: of each round}}
export function summarize(samples) {
  const summary = {};
  for (const { name } of cases) {
    const own = samples.filter((sample) => sample.case === name);
    if (own.length === 0)
      continue;
    const proxies = {};
    for (const proxy of new Set(own.map((sample) => sample.proxy))) {
      const rows = own.filter((sample) => sample.proxy === proxy);
      proxies[proxy] = Object.fromEntries(sampled.filter((field) => field in rows[0])
        .map((field) => [field, median(rows.map((row) => row[field]))]));
    }
    const values = Object.fromEntries(
      Object.entries(proxies).map(([proxy, { value }]) => [proxy, value]));
    const rounds = [...new Set(own.map(({ round }) => round))];
    const ratios = rounds.map((round) =>
      ratioOf(valuesByProxy(own.filter((sample) => sample.round === round))));
    summary[name] = { proxies, ratio: ratioOf(values), ratios };
  }
  return summary;
}

function formatNumber(value) {
  if (value === undefined)
    return '';
  const digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en-US',
    { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatTable(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(header) + line(header.map((_, i) => (i === 0 ? '---' : '---:'))) +
    rows.map(line).join('');
}

function formatTarget({ ratio, absolute }) {
  if (ratio !== undefined)
    return `ratio <= ${ratio.toFixed(2)}`;
  return absolute === undefined ? 'report' : `<= ${formatNumber(absolute)}`;
}

function verdict({ ratio, absolute }, { ratio: reached, proxies }) {
  const value = ratio === undefined ? proxies.wherry?.value : reached;
  const bound = ratio ?? absolute;
  if (value === undefined || bound === undefined)
    return '';
  return value <= bound ? 'yes' : 'no';
}

function formatSpread({ ratio, ratios }) {
  if (ratio === undefined)
    return '';
  const spread = ratios.length > 1
    ? ` (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})` : '';
  return `**${ratio.toFixed(2)}**${spread}`;
}

function costRow({ name, title, unit, target, load }, summary) {
  const entry = summary[name];
  const what = load ? `CPU µs per ${unit}` : unit;
  const values = ['wherry', ...rivals].map((proxy) => formatNumber(entry.proxies[proxy]?.value));
  return [title, what, ...values, formatSpread(entry), formatTarget(target),
    verdict(target, entry)];
}

function speedRows({ name, title, unit }, summary) {
  return Object.entries(summary[name].proxies).map(([proxy, medians]) => [
    title, labels[proxy], `${formatNumber(medians.per_second)} ${unit}`,
    ...['p50_us', 'p99_us', 'p999_us'].map((field) => formatNumber(medians[field])),
  ]);
}

export function formatReport(machine, chosen, samples) {
  const summary = summarize(samples);
  const measured = chosen.filter(({ name }) => name in summary);
  const timed = measured.filter(({ load }) => load);
  const rounds = Math.max(0, ...samples.map(({ round }) => round + 1));
  const versions = Object.entries(machine.versions)
    .map(([name, version]) => `${labels[name]} ${version}`).join(', ');
  const speed = timed.length === 0 ? '' : `\nThroughput and latency in µs, medians:\n\n${
    formatTable(['case', 'proxy', 'per second', 'p50', 'p99', 'p99.9'],
      timed.flatMap((item) => speedRows(item, summary)))}`;
  return `Costs of the proxy, medians of ${rounds} round${rounds === 1 ? '' : 's'}; the ratio is to the better of nginx ` +
    `and HAProxy,\nin parentheses its range over the rounds.\n\n${
      formatTable(['case', 'in', 'Wherry', 'nginx', 'HAProxy', 'ratio', 'must reach', 'reached'],
        measured.map((item) => costRow(item, summary)))}${speed}
${machine.processor}, Linux ${machine.kernel}, one core for the proxy; ${versions}.
`;
}
