// SPDX-License-Identifier: MIT
// Other people's proxies as peers: HAProxy and nginx, each with a configuration of the
// test's own, in a folder of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';
import { freePorts, temporaryDirectory } from './wherry.mjs';

const ATTEMPTS = 5;
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const tell = (value) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}

/** Another process may have taken a port in the meantime: then it is tried with others. */
async function start(t, program, count, prepare) {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(count);
    const child = spawn(program, prepare(ports), { stdio: ['ignore', 'pipe', 'pipe'] });
    const proxy = { ports, port: ports[0], child, output: '' };
    const exit = once(child, 'exit');
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding('utf8').on('data', (text) => { proxy.output += text; });
    }
    cleanup(t, async () => {
      child.kill('SIGTERM');
      await within(exit, `${program} ends`, 5000).catch(() => child.kill('SIGKILL'));
    });
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    await eventually(async () => isOver() || (await Promise.all(ports.map(answers))).every(Boolean),
      `${program} listens`);
    if (!isOver()) return proxy;
    if (attempt === ATTEMPTS) throw new Error(`${program} ended:\n${proxy.output}`);
  }
}

const HAPROXY_DEFAULTS = `
global
    maxconn 1000
    nbthread 1
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
`;

/** text: from the ports to frontends and backends. */
export function startHaproxy(t, text, ports = 1) {
  const file = join(temporaryDirectory(t), 'haproxy.cfg');
  return start(t, 'haproxy', ports, (free) => {
    writeFileSync(file, HAPROXY_DEFAULTS + text(free));
    return ['-db', '-f', file];
  });
}

/** http, stream: from the ports to what stands in that block. */
export function startNginx(t, { http, stream }, ports = 1) {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
  const user = process.getuid() === 0 ? 'user root;' : '';
  const module = stream && existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : '';
  return start(t, 'nginx', ports, (free) => {
    writeFileSync(file, `${module} ${user} daemon off; worker_processes 1; pid ${directory}/pid;
error_log stderr warn;
events { worker_connections 500; }
${http ? `http { access_log off; ${places}\n${http(free)}\n}` : ''}
${stream ? `stream {\n${stream(free)}\n}` : ''}
`);
    return ['-p', directory, '-e', 'stderr', '-c', file];
  });
}
