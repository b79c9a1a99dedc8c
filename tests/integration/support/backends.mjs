// SPDX-License-Identifier: MIT
// Backends for Wherry to talk to: one that follows a script byte by byte, one that speaks
// HTTP through Node, one that speaks WebSocket through ws.

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

import { WebSocketServer } from 'ws';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';
import { Peer } from './peer.mjs';

/** where: nothing for a free port, { port, host }, or { path } of a UNIX socket. */
async function listen(t, server, where = {}) {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // the peer's reset is the test's business, not a crash
  });
  server.listen(where.path ?? { port: where.port ?? 0, host: where.host ?? '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  cleanup(t, () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return undefined;
    server.close();
    return once(server, 'close');
  });
  const { port } = server.address();
  return { port, sockets, url: where.path ? `unix:${where.path}` : `http://127.0.0.1:${port}` };
}

/**
 * Runs script(peer, index) on every connection. An error of a script fails the test at its
 * end, unless the connection was cut under it.
 */
export async function scriptedBackend(t, script = async () => {}, where = {}) {
  const backend = { peers: [], errors: [] };
  const waiters = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new Peer(socket);
    const index = backend.peers.push(peer) - 1;
    waiters[index]?.(peer);
    Promise.resolve(script(peer, index)).catch((error) => backend.errors.push(error));
  });
  backend.server = server;
  Object.assign(backend, await listen(t, server, where));
  /** The connection of that index, now or when it comes. */
  backend.peer = (index = 0) => {
    if (backend.peers[index]) return backend.peers[index];
    const coming = new Promise((resolve) => { waiters[index] = resolve; });
    return within(coming, `connection ${index} at the backend`);
  };
  return backend;
}

/** Answers each request with handler(request, response); default: 200 and what it saw. */
export async function httpBackend(t, handler = echoRequest, where = {}) {
  const backend = { requests: [] };
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    backend.requests.push(request);
    handler(request, response);
  });
  server.maxRequestsPerSocket = 0;
  backend.server = server;
  return Object.assign(backend, await listen(t, server, where));
}

/** What arrived, as JSON; headers in lower case, repeated ones as a list. */
export function echoRequest(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1');
    const { method, url, headers, rawHeaders } = request;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ method, url, headers, rawHeaders, body }));
  });
}

/** A ws server; onSocket(socket, request) for each client; default: echo. */
export async function webSocketBackend(t, onSocket = echoMessages, options = {}, where = {}) {
  const server = http.createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, maxPayload: 0, perMessageDeflate: false, ...options });
  const backend = { server, clients: sockets.clients, socketServer: sockets };
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {});
    onSocket(socket, request);
  });
  return Object.assign(backend, await listen(t, server, where));
}

export function echoMessages(socket) {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}
