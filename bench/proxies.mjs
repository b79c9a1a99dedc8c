// SPDX-License-Identifier: MIT
// The proxies under test and their configurations, each tuned as its expert would for this
// load: one worker, no access log, 64 KiB buffers, kept-alive backend connections.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, startServer } from './processes.mjs';

function wherryConfig(port, backend) {
  return `workers: 1
log: { level: warn, access: off }
listeners:
  - address: 127.0.0.1:${port}
routes:
  - match: { path: / }
    websocket: { origins: any, max_frame: 4MiB, max_message: 16MiB }
    to: backend
upstreams:
  backend:
    servers: [{ url: "http://127.0.0.1:${backend}" }]
    pool: { idle: 60s, size: 256 }
`;
}

// Upgraded connections get 64 KiB buffers. Plain answers of 1 KiB do best with the default: a
// bigger one comes from malloc each time and not from the request's pool.
function nginxConfig(port, backend) {
  // Its worker shall reach the folders below even if we are root.
  const user = process.getuid() === 0 ? 'user root;\n' : '';
  return `${user}worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 16384; multi_accept on; use epoll; }
http {
  access_log off;
  server_tokens off;
  tcp_nodelay on;
  sendfile on;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path client; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream backend {
    server 127.0.0.1:${backend} max_fails=0;
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    location / {
      proxy_pass http://backend;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
    }
    location /ws {
      proxy_pass http://backend;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

function haproxyConfig(port, backend) {
  return `global
  nbthread 1
  maxconn 8000
  nosplice
  tune.bufsize 65536
  tune.maxaccept 64
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout http-keep-alive 1h
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend back
backend back
  server one 127.0.0.1:${backend} pool-max-conn -1 pool-purge-delay 1h
`;
}

const kinds = [
  {
    name: 'wherry', file: 'wherry.yaml', config: wherryConfig, signal: 'SIGINT',
    command: (program, file) => [program, 'run', '-c', file], version: ['version'],
  },
  {
    name: 'nginx', file: 'nginx.conf', config: nginxConfig, signal: 'SIGTERM',
    command: (program, file, folder) => [program, '-p', folder, '-c', file], version: ['-v'],
  },
  {
    name: 'haproxy', file: 'haproxy.cfg', config: haproxyConfig, signal: 'SIGTERM',
    command: (program, file) => [program, '-db', '-f', file], version: ['-v'],
  },
  { name: 'none' },
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

// Starts one proxy in front of the backend, in a folder of its own; `prefix` is a command that
// runs it (valgrind). "none" is the backend itself.
export async function startProxy(bench, kind, { prefix = [], patienceMs } = {}) {
  if (kind.name === 'none')
    return { name: kind.name, port: bench.backend.port };
  const port = await freePort();
  const folder = join(bench.folder, `${kind.name}-${port}`);
  mkdirSync(folder);
  const file = join(folder, kind.file);
  writeFileSync(file, kind.config(port, bench.backend.port));
  const command = [...prefix, ...kind.command(kind.program, file, folder)];
  const server = await startServer(
    { name: kind.name, core: bench.cores.proxy, command, port, folder, patienceMs });
  return { ...server, signal: kind.signal, folder };
}
