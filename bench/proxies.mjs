// SPDX-License-Identifier: MIT
// The proxies under test: which are there, and how one is started.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { haproxyConfig, hitchConfig, nginxConfig, wherryConfig } from './configs.mjs';
import {
  nginxLiveConfig, nginxPushConfig, pushpinConfig, pushpinLoad, wherryPushConfig,
} from './push_configs.mjs';
import { freePort, startServer } from './processes.mjs';

// `setups` is what a proxy can be in front of the backend: plain, or with TLS; polled (live), or
// a publisher's (push). `configs` are those with a configuration of their own.
const kinds = [
  {
    name: 'wherry', file: 'wherry.yaml', config: wherryConfig, signal: 'SIGINT',
    command: (program, file) => [program, 'run', '-c', file], version: ['version'],
    check: (program, file) => [program, 'check', '-c', file], 
    setups: ['plain', 'tls', 'live', 'push'],
    configs: { live: wherryPushConfig, push: wherryPushConfig },
  },
  {
    name: 'nginx', file: 'nginx.conf', config: nginxConfig, signal: 'SIGTERM',
    command: (program, file, folder) => [program, '-p', folder, '-c', file], version: ['-v'],
    setups: ['plain', 'tls', 'live', 'push'],
    configs: { live: nginxLiveConfig, push: nginxPushConfig },
  },
  {
    name: 'haproxy', file: 'haproxy.cfg', config: haproxyConfig, signal: 'SIGTERM',
    command: (program, file) => [program, '-db', '-f', file], version: ['-v'],
    setups: ['plain', 'tls'],
  },
  {
    name: 'hitch', file: 'hitch.conf', config: hitchConfig, signal: 'SIGTERM',
    command: (program, file) => [program, `--config=${file}`], version: ['--version'],
    setups: ['tls'],
  },
  {
    name: 'pushpin', file: 'pushpin.conf', signal: 'SIGTERM',
    command: (program, file) => [program, `--config=${file}`], version: ['--version'],
    setups: ['push'], configs: { push: pushpinConfig }, load: pushpinLoad,
  },
  { name: 'none', setups: ['plain'] },
];

function findProgram(name, { build, wherry }) {
  const places = name === 'wherry'
    ? [wherry ?? [join(build, 'wherry'), join(build, 'src/wherry')]].flat()
    : [...process.env.PATH.split(':'), '/usr/sbin', '/usr/local/sbin']
      .map((folder) => join(folder, name));
  return places.find((place) => existsSync(place));
}

// The proxies asked for that are there; says which are not.
export function findProxies(options, progress) {
  const wanted = options.proxies?.split(',') ?? kinds.map(({ name }) => name);
  return kinds.filter(({ name }) => wanted.includes(name)).flatMap((kind) => {
    if (kind.name === 'none')
      return [kind];
    const program = findProgram(kind.name, options);
    if (program === undefined) {
      if (kind.name === 'wherry' && options.wherry !== undefined)
        throw new Error(`there is no ${options.wherry}`);
      progress(`${kind.name} is not here: left out`);
      return [];
    }
    const { stdout, stderr } = spawnSync(program, kind.version, { encoding: 'utf8' });
    const [version] = /\d+\.\d+[\w.+-]*/.exec(`${stdout}${stderr}`) ?? ['?'];
    return [{ ...kind, program, version }];
  });
}

// Those that can do what a case is about.
export function fittingProxies(bench, { setup = 'plain' }) {
  return bench.proxies.filter(({ setups }) => setups.includes(setup));
}

// Starts one proxy in front of the backend, in a folder of its own; `prefix` is a command that
// runs it (valgrind), `guards` access rules (guards.mjs). "none" is the backend itself. Null,
// and said so, for a Wherry too old to know what its configuration asks.
export async function startProxy(bench, kind, { setup, guards, prefix = [], patienceMs } = {}) {
  if (kind.name === 'none')
    return { name: kind.name, port: bench.backend.port };
  const [port, publishPort] = [await freePort(), await freePort()];
  const folder = join(bench.folder, `${kind.name}-${port}`);
  mkdirSync(folder);
  const file = join(folder, kind.file);
  const tls = setup === 'tls' ? bench.certificate : undefined;
  const config = kind.configs?.[setup] ?? kind.config;
  writeFileSync(file,
    config({ port, publishPort, folder, backend: bench.backend.port, tls, guards }));
  if (kind.check !== undefined && (setup !== undefined || guards !== undefined)) {
    const [program, ...rest] = kind.check(kind.program, file);
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
    if (status !== 0) {
      bench.progress(`${kind.name} refuses its configuration: left out\n${stdout}${stderr}`);
      return null;
    }
  }
  const command = [...prefix, ...kind.command(kind.program, file, folder)];
  const server = await startServer(
    { name: kind.name, core: bench.cores.proxy, command, port, folder, patienceMs });
  return { ...server, signal: kind.signal, folder, load: kind.load?.(publishPort) };
}
