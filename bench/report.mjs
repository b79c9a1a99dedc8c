// SPDX-License-Identifier: MIT
// From samples to the table: medians over the rounds, ratios to the best rival.
import { readFileSync, writeFileSync } from 'node:fs';

import { cases } from './cases.mjs';

export const labels = {
  wherry: 'Wherry', nginx: 'nginx', haproxy: 'HAProxy', hitch: 'hitch', pushpin: 'Pushpin',
  none: 'no proxy',
};
const rivals = ['nginx', 'haproxy', 'hitch'];
const sampled = ['value', 'busy', 'per_second', 'p50_us', 'p99_us', 'p999_us',
  'backend_per_second'];
const begin = '<!-- benchmark table: begin -->';
const end = '<!-- benchmark table: end -->';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function best(byProxy) {
  const values = rivals.map((name) => byProxy[name]).filter((value) => value !== undefined);
  return values.length > 0 ? Math.min(...values) : undefined;
}

function ratioOf(byProxy) {
  const rival = best(byProxy);
  return rival === undefined || byProxy.wherry === undefined
    ? undefined : byProxy.wherry / rival;
}

function valuesByProxy(samples) {
  return Object.fromEntries(samples.map(({ proxy, value }) => [proxy, value]));
}

// Of one round, or of all; Wherry against itself brings its own.
function ratioOfSamples(samples, values) {
  const own = samples.map(({ ratio }) => ratio).filter((ratio) => ratio !== undefined);
  return own.length > 0 ? median(own) : ratioOf(values);
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
    const ratios = rounds.map((round) => {
      const samples = own.filter((sample) => sample.round === round);
      return ratioOfSamples(samples, valuesByProxy(samples));
    });
    summary[name] = { proxies, ratio: ratioOfSamples(own, values), ratios };
  }
  return summary;
}

export function formatNumber(value) {
  if (value === undefined)
    return '';
  const digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en-US',
    { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function formatTable(header, rows) {
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

function costRow({ name, title, unit, target, measure }, summary, columns) {
  const entry = summary[name];
  const what = ['cpu', 'guards'].includes(measure) ? `CPU µs per ${unit}` : unit;
  const values = columns.map((proxy) => formatNumber(entry.proxies[proxy]?.value));
  return [title, what, ...values, formatSpread(entry), formatTarget(target),
    verdict(target, entry)];
}

function speedRows({ name, title, unit }, summary) {
  return Object.entries(summary[name].proxies).map(([proxy, medians]) => [
    title, labels[proxy], `${formatNumber(medians.per_second)} ${unit}`,
    ...['p50_us', 'p99_us', 'p999_us'].map((field) => formatNumber(medians[field])),
    `${Math.round(medians.busy * 100)} %`,
  ]);
}

// A row for each case, a column for each proxy named.
export function costTable(measured, summary, columns = ['wherry', ...rivals]) {
  return formatTable(
    ['case', 'in', ...columns.map((name) => labels[name]), 'ratio', 'must reach', 'reached'],
    measured.map((item) => costRow(item, summary, columns)));
}

export function countRounds(samples) {
  const rounds = Math.max(0, ...samples.map(({ round }) => round + 1));
  return `${rounds} round${rounds === 1 ? '' : 's'}`;
}

export function formatMachine({ processor, kernel, versions }) {
  const names = Object.entries(versions).map(([name, version]) => `${labels[name]} ${version}`);
  return `${processor}, Linux ${kernel}, one core for the proxy; ${names.join(', ')}.`;
}

export function formatReport(machine, chosen, samples) {
  const summary = summarize(samples);
  const measured = chosen.filter(({ name }) => name in summary);
  const timed = measured.filter(({ measure }) => measure === 'cpu');
  const speed = timed.length === 0 ? '' : `\nThroughput and latency in µs, medians:\n\n${
    formatTable(['case', 'proxy', 'per second', 'p50', 'p99', 'p99.9', 'proxy busy'],
      timed.flatMap((item) => speedRows(item, summary)))}`;
  return `Costs of the proxy, medians of ${countRounds(samples)}; the ratio is to the best of nginx, HAProxy and
hitch, in parentheses its range over the rounds.\n\n${costTable(measured, summary)}${speed}
${formatMachine(machine)}
`;
}

// Puts a text between two marks; the rest of the file stays as it is.
export function replaceBetween(file, begin, end, table) {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${file} has no marks for the table`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n${table}${text.slice(to)}`);
}

export function updateReadme(file, { machine, options }, chosen, samples) {
  const summary = summarize(samples);
  const measured = chosen.filter(({ name }) => name in summary);
  replaceBetween(file, begin, end, `
Measured with \`./dev bench --rounds ${options.rounds} --seconds ${options.seconds}\` on ${machine.coreCount} shared cores:
${formatMachine(machine)} Time on such a machine
wanders by 10 % and more from run to run; rows in other units do not.

${costTable(measured, summary)}
`);
}
