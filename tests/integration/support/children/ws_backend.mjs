// SPDX-License-Identifier: MIT
// A process of its own that serves WebSockets and can be stopped or killed. To the message
// "cut" it answers with the bytes given as its argument, in hex, as they are, and says so; else
// it echoes.

import { WebSocketServer } from 'ws';

const bytes = Buffer.from(process.argv[2] ?? '', 'hex');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () => process.stdout.write(`port ${server.address().port}\n`));
server.on('connection', (socket, request) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    if (data.toString() === 'cut') request.socket.write(bytes, () => process.stdout.write('cut\n'));
    else socket.send(data, { binary: isBinary });
  });
});
