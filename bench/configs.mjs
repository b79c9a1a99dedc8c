// SPDX-License-Identifier: MIT
// The configurations of the proxies under test, each tuned as its expert would for this load:
// one worker, no access log, 64 KiB buffers, kept-alive backend connections. `tls` names the
// certificate's files and is undefined for plain listeners. What cipher and group TLS takes is
// up to the load generator, which offers one of each; all send tickets.

export function wherryConfig({ port, backend, tls, guards }) {
  const listener = tls === undefined ? ''
    : `\n    tls: { certificates: [{ cert: ${tls.certificate}, key: ${tls.key} }] }`;
  const { origins = 'any', route = '', limits = '' } = guards ?? {};
  // The keys lie in a folder of whoever runs this, as for nginx below.
  const user = process.getuid() === 0 ? 'user: root\n' : '';
  return `${user}workers: 1
log: { level: warn, access: off }
listeners:
  - address: 127.0.0.1:${port}${listener}
routes:
  - match: { path: / }
    websocket: { origins: ${origins}, max_frame: 4MiB, max_message: 16MiB }
    to: backend
${route}${limits}upstreams:
  backend:
    servers: [{ url: "http://127.0.0.1:${backend}" }]
    pool: { idle: 60s, size: 256 }
`;
}

// Upgraded connections get 64 KiB buffers. Plain answers of 1 KiB do best with the default: a
// bigger one comes from malloc each time and not from the request's pool.
export function nginxConfig({ port, backend, tls }) {
  // Its worker shall reach the folders below even if we are root.
  const user = process.getuid() === 0 ? 'user root;\n' : '';
  const ssl = tls === undefined ? '' : `
    ssl_certificate ${tls.certificate};
    ssl_certificate_key ${tls.key};
    ssl_protocols TLSv1.3;
    ssl_session_tickets on;`;
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
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''} backlog=4096;${ssl}
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

export function haproxyConfig({ port, backend, tls }) {
  const ssl = tls === undefined ? ''
    : ` ssl crt ${tls.both} alpn http/1.1 ssl-min-ver TLSv1.3 curves X25519`;
  return `global
  nbthread 1
  maxconn 8000
  nosplice
  tune.bufsize 65536
  tune.maxaccept 64
  tune.ssl.cachesize 0
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
  bind 127.0.0.1:${port} backlog 4096${ssl}
  default_backend back
backend back
  server one 127.0.0.1:${backend} pool-max-conn -1 pool-purge-delay 1h
`;
}

// Only TLS: it knows nothing of HTTP, and connects to the backend for each connection.
export function hitchConfig({ port, backend, tls }) {
  const user = process.getuid() === 0 ? 'user = "root"\n' : '';
  return `${user}frontend = "[127.0.0.1]:${port}"
backend = "[127.0.0.1]:${backend}"
pem-file = "${tls.both}"
workers = 1
backlog = 4096
tls-protos = TLSv1.3
ecdh-curve = "X25519"
log-level = 1
`;
}
