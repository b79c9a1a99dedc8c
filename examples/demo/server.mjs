// SPDX-License-Identifier: MIT
// The demo's backend: an AJAX endpoint that a page polls, and a chat over WebSocket. It knows
// nothing of Wherry in front of it but the headers it is sent.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

import { listen } from '../listen.mjs';

const longestMessage = 500;
const remembered = 20;

const server = createServer((request, response) => {
  if (request.url === '/demo/api/clock') answerClock(request, response);
  else response.writeHead(404).end('no such page\n');
});

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
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify({ time: new Date().toISOString(), told }, (_, value) => value ?? null));
}

const chat = new WebSocketServer({ server, path: '/demo/ws/chat', maxPayload: 4096 });
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

listen(server, 'demo', 9001);
