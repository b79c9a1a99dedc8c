// SPDX-License-Identifier: MIT
// A process of its own that counts the messages of each WebSocket: the n-th must be "n". Its
// answer is "n name", or "wrong ..." once a message was lost, doubled or moved. Over HTTP it
// says its name. Arguments: the name, and the port (0: a free one).

import http from 'node:http';

import { WebSocketServer } from 'ws';

const [name, port] = process.argv.slice(2);
const server = http.createServer((_, response) => response.end(name));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  let expected = 0;
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const number = Number(data.toString());
    socket.send(number === expected ? `${number} ${name}` : `wrong ${number}, expected ${expected}`);
    expected = number + 1;
  });
});
server.listen({ port: Number(port ?? 0), host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`port ${server.address().port}\n`);
});
