// SPDX-License-Identifier: MIT
// One run of the real program: configured from a text, started on free ports, watched
// through its logs, stopped, and judged by its exit code and its sanitizer's silence.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import readline from 'node:readline';

import { program, sanitizer } from './build.mjs';
import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';

const COULD_NOT_START = 3;

// Below those that the kernel gives to connections, which would take a port that is free now
// before it is asked for, or connect to themselves on one where nobody listens. Each kind of
// build has its own: two of them are tested side by side, and a port that is found free is
// taken a moment later.
const PORTS_OF_A_KIND = 7000;
const FIRST_PORT = 10_000 + PORTS_OF_A_KIND * ['none', 'address', 'thread'].indexOf(sanitizer);

function canListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const given = new Set();

/** Free TCP ports of the loopback, each given once: a test may want one where nobody listens. */
export async function freePorts(count) {
  const ports = [];
  while (ports.length < count) {
    const port = randomInt(FIRST_PORT, FIRST_PORT + PORTS_OF_A_KIND);
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) ports.push(port);
  }
  return ports;
}

export function temporaryDirectory(t) {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  cleanup(t, () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Routes everything, WebSocket too, to one backend. more: further lines of the route. */
export function forwardTo(backend, more = '') {
  const lines = more.split('\n').map((line) => `    ${line}`);
  return `
routes:
  - match: { path: / }
    to: app
${more.includes('websocket:') ? '' : '    websocket: { origins: any }'}
${lines.join('\n')}
upstreams:
  app: { servers: [{ url: "${backend.url ?? backend}" }] }
`;
}

const DEFAULTS = {
  control: (wherry) => `control: "unix:${wherry.controlPath}"`,
  workers: () => 'workers: 1',
  log: () => 'log: { format: json }',
  drain: () => 'drain: { window: 0s, timeout: 300ms }',
  limits: () => 'limits: { exempt: [127.0.0.0/8] }',
  // The folders of a test belong to whoever runs it.
  ...(process.getuid() === 0 && { user: () => 'user: root' }),
  listeners: ({ ports }) => `listeners: [{ address: "127.0.0.1:${ports[0]}" }]`,
};

/** For all tests of this process; value: what gives its text, of a run. */
export function addDefault(key, value) {
  DEFAULTS[key] = value;
}

/** The text with every top-level key a test did not write itself. */
function completed(text, wherry) {
  const missing = Object.keys(DEFAULTS).filter((key) => !new RegExp(`^${key}:`, 'm').test(text));
  return [...missing.map((key) => DEFAULTS[key](wherry)), text].join('\n');
}

function sanitizerEnvironment(directory) {
  const environment = { ...process.env };
  for (const name of ['ASAN', 'UBSAN', 'TSAN', 'LSAN']) {
    const options = [environment[`${name}_OPTIONS`], `log_path=${directory}/sanitizer`];
    // The second, since what is preloaded (support/faults.mjs) stands before its runtime.
    if (name === 'ASAN') options.push('quarantine_size_mb=8', 'verify_asan_link_order=0');
    environment[`${name}_OPTIONS`] = options.filter(Boolean).join(':');
  }
  return environment;
}

/** Fails if a sanitizer wrote a report, and shows it. */
function assertNoSanitizerReport(directory, stderr) {
  const reports = readdirSync(directory).filter((name) => name.startsWith('sanitizer.'));
  const texts = reports.map((name) => readFileSync(join(directory, name), 'utf8'));
  assert.equal(texts.join('\n'), '', 'a sanitizer reported');
  assert.doesNotMatch(stderr, /runtime error:|ERROR: \w+Sanitizer|WARNING: ThreadSanitizer/);
}

/** Runs the program to its end, as `wherry check` and the like do. */
export function runToEnd(t, args, options = {}) {
  const directory = temporaryDirectory(t);
  return new Promise((resolve) => {
    const settings = { env: sanitizerEnvironment(directory), timeout: 60_000, ...options };
    execFile(program, args, settings, (error, stdout, stderr) => {
      assertNoSanitizerReport(directory, stderr);
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

/**
 * Starts the program and waits until it listens; stops it at the test's end.
 * configuration: text, or a function of the free ports that gives it.
 * options: ports (how many), descriptors (RLIMIT_NOFILE), args (of the ports, instead of
 * run -c FILE), command (words instead of the program), before (what the shell does in the
 * process before it becomes the program), probe (a socket's path to wait for),
 * stdout: 'unread', env (more of it), expectedSignal (a test that kills).
 */
export async function startWherry(t, configuration, options = {}) {
  for (let attempt = 1; ; attempt++) {
    const wherry = new Wherry(await freePorts(options.ports ?? 1), configuration, options);
    if (await wherry.isListening()) {
      cleanup(t, () => wherry.stop());
      return wherry;
    }
    const [code] = await wherry.exit;
    wherry.removeDirectory();
    if (code !== COULD_NOT_START || attempt === 5) {
      throw new Error(`wherry ended with ${code} instead of listening:\n${wherry.stderr}`);
    }
  }
}

class Wherry {
  constructor(ports, configuration, options) {
    this.ports = ports;
    this.port = ports[0];
    this.options = options;
    this.directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
    chmodSync(this.directory, 0o777); // whoever wherry becomes may leave a report of its sanitizer
    this.stderr = '';
    this.accessLines = [];
    this.textLines = []; // of standard output, as they came
    this.waiters = new Set();
    this.start(configuration);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Unless a test writes another one. */
  get controlPath() {
    return join(this.directory, 'control');
  }

  get webSocketUrl() {
    return `ws://127.0.0.1:${this.port}`;
  }

  start(configuration) {
    const args = this.options.args ? this.options.args(this.ports) : this.runArguments(configuration);
    const limit = this.options.descriptors ?? 20_000;
    const raise = `ulimit -n ${limit} 2>/dev/null || ulimit -n "$(ulimit -Hn)"`;
    const script = `${raise}; ${this.options.before ?? ':'}; exec "$@"`;
    this.child = spawn('bash', ['-c', script, 'bash', ...(this.options.command ?? [program]), ...args], {
      cwd: this.directory,
      env: { ...sanitizerEnvironment(this.directory), ...this.options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exit = once(this.child, 'exit');
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    if (this.options.stdout !== 'unread') this.readStdout();
  }

  runArguments(configuration) {
    this.configPath = join(this.directory, 'wherry.yaml');
    this.writeConfiguration(configuration);
    return ['run', '-c', this.configPath];
  }

  /** Into the file that it was started with, completed in the same way. */
  writeConfiguration(configuration) {
    const text = typeof configuration === 'function' ? configuration(this) : configuration;
    this.configText = completed(text, this);
    writeFileSync(this.configPath, this.configText);
  }

  readStdout() {
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.textLines.push(line);
      if (line.startsWith('{')) this.accessLines.push(JSON.parse(line));
      for (const waiter of this.waiters) waiter();
    });
  }

  get pid() {
    return this.child.pid;
  }

  hasEnded() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** False if the program ended first. */
  async isListening() {
    const places = this.options.probe ? [this.options.probe] : this.ports;
    const probe = async () => this.hasEnded() || (await Promise.all(places.map(canConnect))).every(Boolean);
    try {
      await eventually(probe, 'wherry listens');
    } catch (error) {
      this.child.kill('SIGKILL');
      throw new Error(`${error.message}\n${this.stderr}`);
    }
    return !this.hasEnded();
  }

  /** The first access line that has these values, now or later. */
  accessLine(wanted) {
    const matches = (line) => Object.entries(wanted).every(([key, value]) =>
      value instanceof RegExp ? value.test(line[key]) : line[key] === value);
    return within(new Promise((resolve) => {
      const look = () => {
        const line = this.accessLines.find(matches);
        if (!line) return;
        this.waiters.delete(look);
        resolve(line);
      };
      this.waiters.add(look);
      look();
    }), `an access line with ${JSON.stringify(wanted)}`).catch((error) => {
      const seen = this.accessLines.slice(-5).map((line) => JSON.stringify(line)).join('\n');
      throw new Error(`${error.message}; the last of ${this.accessLines.length} lines:\n${seen}`);
    });
  }

  /** The line of standard output that matches, now or later. */
  textLine(pattern) {
    return eventually(() => this.textLines.find((line) => pattern.test(line)), `a line ${pattern}`);
  }

  /** What the log has said so far, if it is written as JSON. */
  get messages() {
    const whole = this.stderr.slice(0, this.stderr.lastIndexOf('\n') + 1);
    return whole.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).message);
  }

  /** The message of the log that matches, now or later. */
  says(pattern) {
    return eventually(() => this.messages.find((message) => pattern.test(message)), `${pattern} in the log`);
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Waits for the end; 0 is the only good exit code, unless a test kills. */
  async ended() {
    const [code, signal] = await within(this.exit, 'wherry ends');
    await new Promise(setImmediate); // what it said last is read in this turn
    assertNoSanitizerReport(this.directory, this.stderr);
    const { expectedSignal } = this.options;
    const expected = expectedSignal ? { code: null, signal: expectedSignal } : { code: 0, signal: null };
    assert.deepEqual({ code, signal }, expected, this.stderr);
  }

  async stop() {
    try {
      if (!this.hasEnded()) this.signal('SIGTERM');
      await this.ended();
    } finally {
      if (!this.hasEnded()) this.child.kill('SIGKILL');
      this.child.stdout.destroy();
      this.removeDirectory();
    }
  }

  removeDirectory() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function canConnect(target) {
  return new Promise((resolve) => {
    const socket = typeof target === 'string' ? net.connect(target) : net.connect(target, '127.0.0.1');
    const answer = (value) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
