// SPDX-License-Identifier: MIT
// The benchmark: Wherry, its rivals and no proxy at all, in one run. The order of things;
// what is measured stands in cases.mjs, how in measure.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { cases } from './cases.mjs';
import { makeCertificate } from './certificate.mjs';
import { measureGuards } from './guards.mjs';
import { chooseCores, describeMachine } from './machine.mjs';
import {
  measureCpu, measureIdle, measureInstructions, measureSyscalls, settle,
} from './measure.mjs';
import { startBackend, stopAll } from './processes.mjs';
import { findProxies, fittingProxies, startProxy } from './proxies.mjs';
import { formatPush, isPush, updatePushReadme } from './push_report.mjs';
import { measureReload } from './reload.mjs';
import { formatReload, updateReloadReadme } from './reload_report.mjs';
import { formatReport, summarize, updateReadme } from './report.mjs';

const usage = `usage: bench/run [options]
  --build DIR     a build folder of Wherry (default build/release)
  --wherry FILE   the program (default: the one in the build folder)
  --proxies LIST  of wherry,nginx,haproxy,hitch,pushpin,none (default: all that are installed)
  --cases LIST    of ${cases.map(({ name }) => name).join(',')}
  --rounds N      interleaved rounds (default 5)
  --seconds S     of each measured run (default 3)
  --quick         3 rounds of 1 s
  --smoke         does everything start and verify? 30 seconds, says nothing about speed
  --out DIR       for the results as JSON and Markdown (default build/bench)
  --readme        put the table into README.md, too
`;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function readOptions() {
  const string = { type: 'string' };
  const boolean = { type: 'boolean', default: false };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        build: { ...string, default: join(root, 'build/release') },
        out: { ...string, default: join(root, 'build/bench') },
        wherry: string, proxies: string, cases: string, rounds: string, seconds: string,
        quick: boolean, smoke: boolean, readme: boolean, help: boolean,
      },
    }));
  } catch (error) {
    fail(`${error.message}\n${usage}`);
  }
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const pace = values.smoke ? { rounds: 1, seconds: 0.2, idle: 200, echoes: 2000 }
    : values.quick ? { rounds: 3, seconds: 1, idle: 5000, echoes: 10000 }
      : { rounds: 5, seconds: 3, idle: 5000, echoes: 20000 };
  const rounds = Number(values.rounds ?? pace.rounds);
  const seconds = Number(values.seconds ?? pace.seconds);
  if (!(rounds >= 1 && seconds > 0))
    fail(`--rounds and --seconds must be positive numbers\n${usage}`);
  return { ...pace, ...values, rounds, seconds };
}

function chooseCases({ cases: list, smoke }) {
  if (list === undefined)
    return cases.filter(({ name }) => !(smoke && name === 'instructions'));
  const unknown = list.split(',').find((name) => !cases.some((known) => known.name === name));
  if (unknown !== undefined)
    fail(`there is no case '${unknown}'\n${usage}`);
  return cases.filter(({ name }) => list.split(',').includes(name));
}

// Our two ends are built on demand, as a build of Wherry does not need them.
function findTools(build) {
  const targets = ['bench_load', 'bench_push', 'bench_backend'];
  if (existsSync(join(build, 'build.ninja'))) {
    const { status } = spawnSync('meson', ['compile', '-C', build, ...targets],
      { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0)
      fail(`cannot build ${targets.join(', ')} in ${build}`);
  }
  const [load, push, backend] = targets.map((name) => join(build, 'bench', name));
  const missing = [load, push, backend].find((file) => !existsSync(file));
  if (missing !== undefined)
    fail(`no ${missing}`);
  return { load, push, backend };
}

function progress(text) {
  process.stderr.write(`${text}\n`);
}

// Round by round, case by case, proxy by proxy: what drifts (heat, neighbours) hits all alike.
async function runCpuCases(bench, setup, selected, results) {
  if (selected.length === 0)
    return;
  const running = [];
  for (const kind of fittingProxies(bench, { setup })) {
    const proxy = await startProxy(bench, kind, { setup });
    if (proxy !== null)
      running.push(proxy);
  }
  for (let round = 0; round < bench.options.rounds; round++) {
    progress(`${setup}: round ${round + 1} of ${bench.options.rounds}`);
    for (const item of selected) {
      for (let i = 0; i < running.length; i++) {
        const proxy = running[(i + round) % running.length];
        const sample = await measureCpu(bench, proxy, item);
        await settle(proxy);
        results.push({ ...sample, case: item.name, proxy: proxy.name, round });
      }
    }
  }
  await stopAll(running);
}

function cpuCases(chosen, setup) {
  return chosen.filter((item) => item.measure === 'cpu' && (item.setup ?? 'plain') === setup);
}

async function runSingleCases(bench, chosen, results) {
  const measures = {
    idle: measureIdle, syscalls: measureSyscalls, instructions: measureInstructions,
  };
  for (const item of chosen.filter(({ measure }) => measure in measures)) {
    progress(item.title);
    for (const kind of fittingProxies(bench, item).filter(({ name }) => name !== 'none')) {
      const sample = await measures[item.measure](bench, kind, item).catch((error) => {
        if (kind.name === 'wherry')
          throw error;
        progress(`${kind.name} is left out: ${error.message}`);
        return null;
      });
      if (sample !== null)
        results.push({ ...sample, case: item.name, proxy: kind.name, round: 0 });
    }
  }
}

// Wherry against itself.
async function runGuards(bench, chosen, results) {
  const wherry = bench.proxies.find(({ name }) => name === 'wherry');
  for (const item of chosen.filter(({ measure }) => measure === 'guards' && wherry)) {
    progress(item.title);
    for (const sample of await measureGuards(bench, wherry, item))
      results.push({ ...sample, case: item.name, proxy: wherry.name });
  }
}

// A table of its own: counts, and neither times nor ratios.
async function runReload(bench, chosen) {
  const item = chosen.find(({ measure }) => measure === 'reload');
  if (item === undefined)
    return undefined;
  const load = bench.options.smoke ? item.smoke : item.load;
  return { load, variants: await measureReload(bench, load) };
}

function writeResults(bench, results, reload, markdown) {
  const { out } = bench.options;
  const name = `bench-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
  mkdirSync(out, { recursive: true });
  const summary = summarize(results);
  const all = { machine: bench.machine, options: bench.options, summary, samples: results, reload };
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(join(out, `${name}.md`), markdown);
  progress(`written to ${join(out, name)}.json and .md`);
}

async function main() {
  const options = readOptions();
  const chosen = chooseCases(options);
  const bench = {
    options,
    progress,
    tools: findTools(options.build),
    cores: chooseCores(progress),
    proxies: findProxies(options, progress),
    folder: mkdtempSync(join(tmpdir(), 'wherry-bench-')),
  };
  process.on('exit', () => rmSync(bench.folder, { recursive: true, force: true }));
  bench.certificate = makeCertificate(bench.folder);
  bench.machine = describeMachine(bench.cores, bench.proxies);
  bench.backend = await startBackend(bench);
  const results = [];
  for (const setup of ['plain', 'tls', 'live', 'push'])
    await runCpuCases(bench, setup, cpuCases(chosen, setup), results);
  await runGuards(bench, chosen, results);
  await runSingleCases(bench, chosen, results);
  const reload = await runReload(bench, chosen);
  await stopAll([bench.backend]);
  const [pushes, others] = [true, false].map((wanted) =>
    results.filter((sample) => isPush(chosen.find(({ name }) => name === sample.case)) === wanted));
  const markdown = [
    ...others.length > 0 ? [formatReport(bench.machine, chosen, others)] : [],
    ...pushes.length > 0 ? [formatPush(bench.machine, chosen, pushes)] : [],
    ...reload ? [formatReload(reload)] : [],
  ].join('\n');
  process.stdout.write(markdown);
  const readme = join(root, 'README.md');
  if (options.readme && others.length > 0)
    updateReadme(readme, bench, chosen, others);
  if (options.readme && pushes.length > 0)
    updatePushReadme(readme, bench.machine, chosen, pushes);
  if (options.readme && reload)
    updateReloadReadme(readme, reload);
  if (options.smoke)
    progress('smoke: everything started, every byte was as expected');
  else
    writeResults(bench, results, reload, markdown);
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exit(1);
});
