// SPDX-License-Identifier: MIT
// Seeded data through Wherry and back, over WebSocket and HTTP, compared by SHA-256 at both
// ends. What comes may be less than what was sent if the connection ended, never different.

import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import WebSocket, { WebSocketServer } from 'ws';

import { httpBackend } from './backends.mjs';
import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';

/** The same bytes for the same seed; incompressible. */
export function seededBytes(seed, length) {
  const key = createHash('sha256').update(String(seed)).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Message lengths from 0 to 64 KiB, most of them short. */
function messageLengths(seed, count) {
  const dice = seededBytes(`lengths ${seed}`, count * 4);
  return Array.from({ length: count }, (_, i) => {
    const bits = dice[i * 4] % 17;
    return dice.readUInt16BE(i * 4 + 1) >> (16 - bits);
  });
}

class Digest {
  constructor() {
    this.hash = createHash('sha256');
    this.count = 0;
    this.at = [this.hash.copy().digest('hex')]; // after each piece
  }

  add(data) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    this.hash.update(length).update(data);
    this.at.push(this.hash.copy().digest('hex'));
    this.count++;
  }

  get value() {
    return this.at[this.count];
  }
}

/** Echoes WebSocket messages at /ws and bodies at /echo, and remembers digests by ?id=. */
export async function trafficBackend(t, where) {
  const digests = new Map();
  const backend = await httpBackend(t, echoBody, where);
  const sockets = new WebSocketServer({ server: backend.server, maxPayload: 0, perMessageDeflate: false });
  sockets.on('connection', (socket, request) => {
    const digest = new Digest();
    digests.set(new URL(request.url, 'http://a').searchParams.get('id'), digest);
    socket.on('error', () => {});
    socket.on('message', (data) => {
      digest.add(data);
      socket.send(data);
    });
  });
  return Object.assign(backend, { digests });
}

function echoBody(request, response) {
  response.on('error', () => {});
  request.on('error', () => {});
  if (request.method === 'GET') response.end('hello');
  else request.pipe(response);
}

/**
 * Messages out and back on one WebSocket. Gives { isIntact, opened }: false for a connection
 * that ended early; wrong bytes are an error. options: see overTls (support/gauges.mjs).
 */
export async function socketTraffic(t, wherry, backend, { id, seed, count = 60, options = {} }) {
  const lengths = messageLengths(seed, count);
  const { scheme = '', port = wherry.port } = options;
  const url = `ws${scheme}://127.0.0.1:${port}/ws?id=${id}`;
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0, ...options.tls });
  cleanup(t, () => socket.terminate());
  const sent = new Digest();
  const received = new Digest();
  let opened = false;
  const ended = new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', resolve);
    socket.on('open', () => {
      opened = true;
      for (const [i, length] of lengths.entries()) {
        const data = seededBytes(`${seed} ${i}`, length);
        sent.add(data);
        socket.send(data, () => {});
      }
    });
    socket.on('message', (data) => {
      received.add(data);
      if (received.count === count) socket.close(1000);
    });
  });
  await within(ended, () => `WebSocket ${id} ends, ${received.count} of ${count} messages back`);
  assert.equal(received.value, sent.at[received.count], `wrong bytes came back on ${id}`);
  const there = backend.digests.get(id);
  if (there) assert.equal(there.value, sent.at[there.count], `wrong bytes went out on ${id}`);
  return { opened, isIntact: received.count === count };
}

/** A body up and back down. chunked: without a length. Gives { isIntact, status }. */
export async function bodyTraffic(wherry, { seed, length, chunked = false, agent = false, options = {} }) {
  const data = seededBytes(seed, length);
  const headers = chunked ? {} : { 'Content-Length': length };
  const { scheme = '', port = wherry.port } = options;
  const library = scheme ? https : http;
  const url = `http${scheme}://127.0.0.1:${port}/echo`;
  const settings = { method: 'POST', agent, headers, ...options.tls };
  const answer = await within(new Promise((resolve) => {
    const request = library.request(url, settings, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('close', () => resolve({
        status: response.statusCode, body: Buffer.concat(pieces), isWhole: response.complete,
      }));
      response.on('error', () => {});
    });
    request.on('error', () => resolve({ status: 0, body: Buffer.alloc(0), isWhole: false }));
    request.end(data);
  }), () => `a body of ${length} bytes comes back`);
  if (answer.status !== 200) return { isIntact: false, status: answer.status };
  const { body } = answer;
  assert.ok(body.equals(data.subarray(0, body.length)), 'wrong bytes in a body');
  assert.ok(!answer.isWhole || body.length === length, 'a part of a body passed for the whole');
  return { isIntact: answer.isWhole, status: 200 };
}
