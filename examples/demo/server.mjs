// SPDX-License-Identifier: MIT
// The demo backend of `./dev run`: a page, an AJAX endpoint that it polls, and a chat over
// WebSocket. It knows nothing of Wherry in front of it but the headers it is sent.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const address = { host: '127.0.0.1', port: Number(process.env.PORT ?? 9000) };
const longestMessage = 500;
const remembered = 20;
// 'self' covers ws: and wss: of the same host in today's browsers.
const security = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};

const pages = new Map([
  ['/', ['index.html', 'text/html; charset=utf-8']],
  ['/demo.js', ['demo.js', 'text/javascript; charset=utf-8']],
  ['/demo.css', ['demo.css', 'text/css; charset=utf-8']],
  ['/wherry.svg', ['wherry.svg', 'image/svg+xml']],
]);

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://demo');
  if (pathname === '/api/clock') {
    answerClock(request, response);
  } else if (pages.has(pathname)) {
    const [file, type] = pages.get(pathname);
    const body = await readFile(new URL(`public/${file}`, import.meta.url));
    response.writeHead(200, { 'Content-Type': type, ...security }).end(body);
  } else {
    response.writeHead(404, { 'Content-Type': 'text/plain', ...security }).end('no such page\n');
  }
}

// What an older application would answer to a page that polls.
function answerClock({ headers, socket }, response) {
  const told = {
    Via: headers.via,
    'X-Forwarded-For': headers['x-forwarded-for'],
    'X-Forwarded-Proto': headers['x-forwarded-proto'],
    'X-Forwarded-Host': headers['x-forwarded-host'],
    Host: headers.host,
    'TCP peer': `${socket.remoteAddress}:${socket.remotePort}`,
  };
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...security });
  response.end(JSON.stringify({ time: new Date().toISOString(), told }, (_, value) => value ?? null));
}

const chat = new WebSocketServer({ server, path: '/ws/chat', maxPayload: 4096 });
const history = [];
let visitors = 0;

function tellAll(message) {
  const text = JSON.stringify(message);
  for (const socket of chat.clients) {
    if (socket.readyState === socket.OPEN) socket.send(text);
  }
}

function tellCount() {
  tellAll({ people: [...chat.clients].filter((one) => one.readyState === one.OPEN).length });
}

chat.on('connection', (socket) => {
  const name = `Guest ${++visitors}`;
  for (const line of history) socket.send(JSON.stringify(line));
  tellCount();
  socket.on('message', (data) => {
    const text = data.toString().trim().slice(0, longestMessage);
    if (text === '') return;
    history.push({ name, text });
    if (history.length > remembered) history.shift();
    tellAll({ name, text });
  });
  socket.on('close', tellCount);
  socket.on('error', (error) => console.error(error.message));
});

server.listen(address, () => console.log(`demo backend on ${address.host}:${address.port}`));

process.on('SIGTERM', () => {
  for (const socket of chat.clients) socket.terminate();
  server.close();
  server.closeAllConnections();
});
