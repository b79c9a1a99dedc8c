// SPDX-License-Identifier: MIT
// The benchmark's child processes: started on a core, known to be ready, and always ended.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { processTree } from './proc.mjs';

const STOP_MS = 10_000;
const children = new Set();

// A worker outlives a master that is killed, so all of the tree is.
function killTree(child) {
  for (const pid of processTree(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') // else it ended meanwhile
        throw error;
    }
  }
}

function killAll() {
  children.forEach(killTree);
}
process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => process.exit(130));

export function startProcess(core, command, stdio) {
  const [program, ...rest] = command.map(String);
  const child = spawn('taskset', ['-c', String(core), program, ...rest], { stdio });
  children.add(child);
  child.ended = new Promise((done) => {
    child.on('error', (error) => done(error.message)); // no taskset here
    child.on('exit', (code, signal) => done(signal ?? code));
  }).then((how) => {
    children.delete(child);
    child.how = how;
    return how;
  });
  return child;
}

// hitch puts its worker on a core of its own choice, once it runs.
export function pin(pids, core) {
  for (const pid of pids)
    spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}

// Starts a server whose output goes to a file; ready when its port answers.
export async function startServer({ name, core, command, port, folder, patienceMs = 10_000 }) {
  const log = join(folder, `${name}.log`);
  const fd = openSync(log, 'a');
  const child = startProcess(core, command, ['ignore', fd, fd]);
  closeSync(fd);
  const deadline = Date.now() + patienceMs;
  while (!await answers(port)) {
    if (child.how === undefined && Date.now() < deadline)
      continue;
    throw new Error(`${name} does not run:\n${readFileSync(log, 'utf8').slice(-2000)}`);
  }
  return { name, port, child, log };
}

// One attempt to connect; after a refusal a short pause, as a server needs time to bind.
async function answers(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await delay(20);
    return false;
  } finally {
    socket.destroy();
  }
}

export async function startBackend(bench) {
  const child = startProcess(bench.cores.backend, [bench.tools.backend],
    ['ignore', 'pipe', 'inherit']);
  for await (const line of createInterface({ input: child.stdout }))
    return { name: 'backend', port: Number(line.split(' ')[1]), child };
  throw new Error('the backend does not start');
}

// Ends a child by its polite signal; by force if that takes too long.
export async function stopProcess(child, signal = 'SIGTERM') {
  child.kill(signal);
  const timer = setTimeout(() => killTree(child), STOP_MS);
  await child.ended;
  clearTimeout(timer);
}

export async function stopAll(servers) {
  await Promise.all(servers.filter(({ child }) => child)
    .map(({ child, signal }) => stopProcess(child, signal)));
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
