// SPDX-License-Identifier: MIT
// How things are measured: what the kernel, strace and valgrind say about a proxy while the
// load generator runs against it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { processTree, pssBytes, usedNanoseconds } from './proc.mjs';
import { pin, startProcess, stopAll } from './processes.mjs';
import { startProxy } from './proxies.mjs';

const VALGRIND_PATIENCE_MS = 60_000;
const SETTLE_MS = 20_000;
const LOOK_MS = 100;

// A load generator behind its gate: all connections are open, the run waits for `go`.
async function startLoad(bench, proxy, { tool, load }, ...more) {
  const program = tool === 'push' ? [bench.tools.push] : [bench.tools.load, '--gate'];
  const command = [...program, '--port', proxy.port, ...load, ...more, ...proxy.load ?? []];
  const child = startProcess(bench.cores.load, command, ['pipe', 'pipe', 'inherit']);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const readLine = async () => {
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`the load (${command.join(' ')}) through ${proxy.name} failed\n${
        proxy.log ? readFileSync(proxy.log, 'utf8').slice(-2000) : ''}`);
    return JSON.parse(value);
  };
  await readLine();
  return {
    go() {
      child.stdin.write('go\n');
      return readLine();
    },
    async finish() {
      child.stdin.end();
      const how = await child.ended;
      if (how !== 0)
        throw new Error(`the load through ${proxy.name} ended with ${how}`);
    },
  };
}

// What the backend was asked for so far by pollers, this question included.
async function countRequests({ backend }) {
  const answer = await fetch(`http://127.0.0.1:${backend.port}/counted`);
  return Number((await answer.text()).slice(0, 20));
}

// Microseconds of the proxy's CPU per unit; opening and closing the connections is not in it,
// but where that is the case itself.
export async function measureCpu(bench, proxy, item) {
  const { seconds: asked, smoke } = bench.options;
  const seconds = smoke ? asked : Math.max(asked, item.leastSeconds ?? 0);
  const run = await startLoad(bench, proxy, item, '--seconds', seconds);
  const processes = proxy.child ? processTree(proxy.child.pid) : [];
  pin(processes, bench.cores.proxy);
  const requests = item.setup === 'live' ? await countRequests(bench) : undefined;
  const before = usedNanoseconds(processes);
  const result = await run.go();
  const cpu = usedNanoseconds(processes) - before;
  const busy = cpu / 1e9 / result.seconds; // of one core: low if the load was the slower
  const sample = { value: cpu / 1000 / result.messages, busy, ...result };
  if (requests !== undefined)
    sample.backend_per_second = (await countRequests(bench) - requests - 1) / result.seconds;
  await run.finish();
  // nginx does that now and then, when a machine is busy.
  if (proxy.name === 'wherry' && result.older > 0)
    throw new Error(`${result.older} polls through wherry had an older body than the one before`);
  return sample;
}

// Waits until the proxy rests: one that still has to do with the connections of its own run would
// take from the next one's time.
export async function settle(proxy) {
  const processes = proxy.child ? processTree(proxy.child.pid) : [];
  const deadline = Date.now() + SETTLE_MS;
  let used = Infinity;
  while (used > LOOK_MS * 1e6 / 20 && Date.now() < deadline) {
    const before = usedNanoseconds(processes);
    await delay(LOOK_MS);
    used = usedNanoseconds(processes) - before;
  }
}

export async function measureIdle(bench, kind, item) {
  // Two descriptors for each connection, some for the rest.
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout);
  const connections = Math.min(item.connections ?? bench.options.idle,
    Math.floor((limit - 500) / 2));
  const proxy = await startProxy(bench, kind, item);
  if (proxy === null)
    return null;
  const processes = processTree(proxy.child.pid);
  const before = pssBytes(processes);
  const run = await startLoad(bench, proxy, item, '--connections', connections);
  const value = (pssBytes(processes) - before) / connections;
  await run.finish();
  await stopAll([proxy]);
  return { value, connections };
}

// Attaches strace to all processes; the returned function ends it and gives the counts.
async function startStrace(bench, processes, folder) {
  const file = join(folder, 'strace');
  const attach = processes.flatMap((pid) => ['-p', pid]);
  const child = startProcess(bench.cores.load, ['strace', '-f', '-c', '-o', file, ...attach],
    ['ignore', 'ignore', 'pipe']);
  let attached = 0;
  let said = '';
  for await (const line of createInterface({ input: child.stderr })) {
    said += line;
    attached += /Process \d+ attached/.test(line) ? 1 : 0;
    if (attached === processes.length)
      break;
  }
  if (attached < processes.length)
    throw new Error(`strace does not attach: ${said}`);
  return async () => {
    child.kill('SIGINT');
    await child.ended;
    return parseStrace(readFileSync(file, 'utf8'));
  };
}

// Rows: "% time, seconds, usecs/call, calls, [errors,] name".
function parseStrace(text) {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 5 && /^[\d.]+$/.test(fields[0]) &&
      fields.at(-1) !== 'total');
  return Object.fromEntries(rows.map((fields) => [fields.at(-1), Number(fields[3])]));
}

export async function measureSyscalls(bench, kind, item) {
  if (spawnSync('strace', ['-V']).status !== 0)
    return null;
  const { echoes } = bench.options;
  const proxy = await startProxy(bench, kind, item);
  const run = await startLoad(bench, proxy, item, '--messages', echoes);
  const stop = await startStrace(bench, processTree(proxy.child.pid), proxy.folder);
  await run.go();
  const calls = await stop();
  await run.finish();
  await stopAll([proxy]);
  const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
  return { value: total / echoes, per_relayed_message: total / echoes / 2, calls };
}

// All instructions that a proxy executes in its life with `messages` echoes.
async function countInstructions(bench, kind, item, messages) {
  const out = join(bench.folder, `callgrind-${kind.name}-${messages}`);
  mkdirSync(out);
  const prefix = ['valgrind', '-q', '--tool=callgrind',
    `--callgrind-out-file=${join(out, '%p')}`];
  const proxy = await startProxy(bench, kind,
    { setup: item.setup, prefix, patienceMs: VALGRIND_PATIENCE_MS });
  const run = await startLoad(bench, proxy, item, '--messages', messages);
  await run.go();
  await run.finish();
  await stopAll([proxy]);
  return readdirSync(out).reduce((sum, name) => {
    const [, total] = /^(?:totals|summary): (\d+)/m.exec(readFileSync(join(out, name), 'utf8'));
    return sum + Number(total);
  }, 0);
}

// The difference of two lives that differ only in their number of messages.
export async function measureInstructions(bench, kind, item) {
  if (spawnSync('valgrind', ['--version']).status !== 0)
    return null;
  const [few, many] = [2000, 12000];
  const first = await countInstructions(bench, kind, item, few);
  const second = await countInstructions(bench, kind, item, many);
  const perEcho = (second - first) / (many - few);
  return { value: perEcho / 2, per_echo: perEcho };
}
