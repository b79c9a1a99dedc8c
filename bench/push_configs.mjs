// SPDX-License-Identifier: MIT
// The configurations for polls and fan-out, each tuned as its expert would: one worker, no
// access log, as much history everywhere.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HISTORY = 10;

export function wherryPushConfig({ port, backend }) {
  const user = process.getuid() === 0 ? 'user: root\n' : '';
  return `${user}workers: 1
log: { level: warn, access: off }
listeners:
  - address: 127.0.0.1:${port}
routes:
  - match: { path: /sub }
    subscribe: { channel: bench, history: { messages: ${HISTORY} }, transports: [websocket] }
  - match: { path: /pub, method: POST }
    publish: { channel: bench, history: { messages: ${HISTORY} } }
  - match: { path: / }
    live: { interval: 1s }
    to: backend
upstreams:
  backend:
    servers: [{ url: "http://127.0.0.1:${backend}" }]
`;
}

function nginxConfig({ modules = '', http = '', server }) {
  const user = process.getuid() === 0 ? 'user root;\n' : '';
  return `${modules}${user}worker_processes 1;
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
${http}  server {
${server}  }
}
`;
}

// Whoever comes while a new copy is fetched gets the old one, so that nobody waits. The folder
// is in memory or the page cache; open_file_cache spares an open and a close for each answer.
export function nginxLiveConfig({ port, backend }) {
  return nginxConfig({
    http: `  proxy_cache_path cache keys_zone=live:10m use_temp_path=off;
  open_file_cache max=1000 inactive=1m;
  upstream backend {
    server 127.0.0.1:${backend} max_fails=0;
    keepalive 16;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
`,
    server: `    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_cache live;
      proxy_cache_valid 200 1s;
      proxy_cache_lock on;
      proxy_cache_use_stale updating error timeout;
      proxy_cache_background_update on;
    }
`,
  });
}

// Debian's nginx loads what stands in modules-enabled only with its own configuration.
export function nginxPushConfig({ port }) {
  return nginxConfig({
    modules: 'load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n',
    http: '  nchan_shared_memory_size 64M;\n',
    server: `    listen 127.0.0.1:${port} backlog=4096;
    location = /pub {
      nchan_publisher http;
      nchan_channel_id bench;
      nchan_message_buffer_length ${HISTORY};
    }
    location = /sub {
      nchan_subscriber websocket;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
      nchan_websocket_ping_interval 0;
    }
`,
  });
}

// Its "test" backend, which is within it, subscribes each WebSocket at a path that ends in /ws to
// the channel "test". As delivered it sends no more than 2,500 messages a second.
export function pushpinConfig({ port, publishPort, folder }) {
  writeFileSync(join(folder, 'routes'), '* test\n');
  const at = (name) => `ipc://${join(folder, name)}`;
  return `[global]
include={libdir}/internal.conf
rundir=${folder}
ipc_prefix=bench-
[runner]
services=condure,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:${port}
logdir=${folder}
log_level=1
client_buffer_size=8192
client_maxconn=16384
[proxy]
routesfile=${join(folder, 'routes')}
[handler]
push_in_http_addr=127.0.0.1
push_in_http_port=${publishPort}
push_in_spec=${at('push-in')}
push_in_sub_specs=${at('push-sub')}
command_spec=${at('command')}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
message_rate=1000000
message_hwm=1000000
message_wait=0
`;
}

export function pushpinLoad(publishPort) {
  return ['--path', '/ws', '--publish-port', publishPort, '--publish-path', '/publish/',
    '--publish-prefix', '{"items":[{"channel":"test","formats":{"ws-message":{"content":"',
    '--publish-suffix', '"}}}]}'];
}
