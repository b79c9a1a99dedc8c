// SPDX-License-Identifier: MIT
// The maze's backend: rooms of screens and phones. A phone sends { go, id }; each screen is told
// where the ball is now, each phone whether it hit a wall, both with that id.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

import { listen } from '../listen.mjs';
import { Maze, sides } from './maze.mjs';

const width = 15;
const height = 11;
const mostRooms = 10_000;
const keptEmptyMs = 60_000; // for who only lost the connection

const rooms = new Map();

class Room {
  constructor(code) {
    this.code = code;
    this.sockets = { screen: new Set(), phone: new Set() };
    this.solved = 0;
    this.maze = new Maze(width, height);
  }

  join(role, socket) {
    clearTimeout(this.end);
    this.sockets[role].add(socket);
    this.tell('screen', this.picture());
    this.tell('phone', { screens: this.sockets.screen.size, solved: this.solved });
  }

  leave(role, socket) {
    this.sockets[role].delete(socket);
    this.tell('screen', { phones: this.sockets.phone.size });
    this.tell('phone', { screens: this.sockets.screen.size });
    if (this.sockets.screen.size + this.sockets.phone.size > 0) return;
    this.end = setTimeout(() => rooms.delete(this.code), keptEmptyMs).unref();
  }

  picture() {
    const { cells, x, y } = this.maze;
    return { width, height, cells, at: [x, y], solved: this.solved, phones: this.sockets.phone.size };
  }

  move(side, id) {
    const hasMoved = this.maze.move(side);
    this.tell('screen', { at: [this.maze.x, this.maze.y], id });
    this.tell('phone', { hasMoved, id });
    if (!this.maze.isSolved) return;
    this.solved++;
    this.maze = new Maze(width, height);
    this.tell('screen', this.picture());
    this.tell('phone', { solved: this.solved });
  }

  tell(role, message) {
    const text = JSON.stringify(message);
    for (const socket of this.sockets[role]) socket.send(text);
  }
}

function findRoom(code) {
  if (!rooms.has(code) && rooms.size < mostRooms) rooms.set(code, new Room(code));
  return rooms.get(code);
}

/** null for what is no action: nothing that a phone says is passed on as it came. */
function readAction(data) {
  try {
    const { go, id } = JSON.parse(data);
    return Object.hasOwn(sides, go) && Number.isSafeInteger(id) ? { go, id } : null;
  } catch {
    return null;
  }
}

const server = createServer((_, response) => response.writeHead(404).end('no such page\n'));

new WebSocketServer({ server, maxPayload: 256, perMessageDeflate: false }).on('connection', (socket, { url }) => {
  const [, code, role] = /^\/maze\/ws\/([A-Z0-9]{4,8})\/(screen|phone)$/.exec(url) ?? [];
  const room = code && findRoom(code);
  if (!room) {
    socket.close(4000, code ? 'too many rooms' : 'no such room');
    return;
  }
  socket.on('error', (error) => console.error(error.message));
  socket.on('close', () => room.leave(role, socket));
  if (role === 'phone') {
    socket.on('message', (data) => {
      const action = readAction(data);
      if (action) room.move(action.go, action.id);
      else socket.close(4001, 'not an action');
    });
  }
  room.join(role, socket);
});

listen(server, 'maze', 9002);
