// SPDX-License-Identifier: MIT
// The notes' backend: y-websocket's own server behind the paths /notes/rooms/NAME. A document is
// in the memory of one process only, so everybody in a room has to come to the same one.
// A plain GET of a room's path says which that is.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { docs, setupWSConnection } from 'y-websocket/bin/utils';

import { listen } from '../listen.mjs';

const mostRooms = 1000;

/** undefined for a path that is no room's, or when there are too many rooms. */
function roomOf(url) {
  const room = /^\/notes\/rooms\/([a-z0-9-]{1,40})$/.exec(url)?.[1];
  return docs.has(room) || docs.size < mostRooms ? room : undefined;
}

const server = createServer(({ url }, response) => {
  if (!roomOf(url)) {
    response.writeHead(404).end('no such room\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify({ backend: server.address().port }));
});

const sockets = new WebSocketServer({ server, maxPayload: 1024 * 1024 });
sockets.on('connection', (socket, request) => {
  const room = roomOf(request.url);
  socket.on('error', (error) => console.error(error.message));
  if (room) setupWSConnection(socket, request, { docName: room });
  else socket.close(4000, 'no such room');
});

listen(server, 'notes', 9003);
