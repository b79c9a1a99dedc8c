// SPDX-License-Identifier: MIT
// WebSocket frames as bytes: built, also wrongly, and read; and handshakes without a library.

import { createHash } from 'node:crypto';

import { connect } from './peer.mjs';
import { readRequest, readResponse, requestText } from './http_text.mjs';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

function lengthField(length, width) {
  if (width === 7) return { first: length, rest: Buffer.alloc(0) };
  const rest = Buffer.alloc(width / 8);
  if (width === 16) rest.writeUInt16BE(length);
  else rest.writeBigUInt64BE(BigInt(length));
  return { first: width === 16 ? 126 : 127, rest };
}

function masked(payload) {
  const bytes = Buffer.from(payload);
  for (let i = 0; i < bytes.length; i++) bytes[i] ^= MASK[i & 3];
  return bytes;
}

/**
 * One frame. width: 7, 16 or 64 bits of length, the shortest by default; declared: a length
 * other than the payload's.
 */
export function frame(opcode, payload = '', options = {}) {
  const { fin = true, rsv = 0, mask = false, declared } = options;
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
  const length = declared ?? bytes.length;
  const width = options.width ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64);
  const { first, rest } = lengthField(length, width);
  return Buffer.concat([
    Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode, (mask ? 0x80 : 0) | first),
    rest,
    mask ? MASK : Buffer.alloc(0),
    mask ? masked(bytes) : bytes,
  ]);
}

export function closePayload(code, reason = '') {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]);
}

export function closeFrame(code, reason = '', options = {}) {
  return frame(OPCODE.close, closePayload(code, reason), options);
}

/** The next frame, unmasked; a Close has its code and reason. */
export async function readFrame(peer) {
  const [first, second] = await peer.readExactly(2);
  const isMasked = (second & 0x80) !== 0;
  let length = second & 0x7f;
  if (length === 126) length = (await peer.readExactly(2)).readUInt16BE();
  else if (length === 127) length = Number((await peer.readExactly(8)).readBigUInt64BE());
  const mask = isMasked ? Buffer.from(await peer.readExactly(4)) : null;
  const payload = Buffer.from(await peer.readExactly(length));
  if (mask) for (let i = 0; i < length; i++) payload[i] ^= mask[i % 4];
  const result = {
    fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, opcode: first & 15, isMasked, payload,
  };
  if (result.opcode === OPCODE.close) {
    result.code = length >= 2 ? payload.readUInt16BE() : undefined;
    result.reason = payload.subarray(2).toString();
  }
  return result;
}

/** Ends a relay from this side: a Close, the end, and then the other's end. */
export function leave(peer, { mask }) {
  peer.socket.end(closeFrame(1000, '', { mask }));
  return peer.over();
}

export function acceptValue(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

export function upgradeRequest(path = '/', fields = {}) {
  const wanted = {
    Host: 'a.test', Connection: 'Upgrade', Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY, ...fields,
  };
  const present = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return requestText('GET', path, Object.fromEntries(present));
}

/** The 101 to this request; fields replace or, when undefined, remove ours. */
export function upgradeResponse(request, fields = {}) {
  const wanted = {
    Connection: 'Upgrade', Upgrade: 'websocket',
    'Sec-WebSocket-Accept': acceptValue(request.headers.get('sec-websocket-key')), ...fields,
  };
  const lines = Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}

/** As a backend: takes the handshake, with early bytes right behind the answer. */
export async function acceptWebSocket(peer, { fields = {}, early = Buffer.alloc(0) } = {}) {
  const request = await readRequest(peer);
  await peer.send(Buffer.concat([Buffer.from(upgradeResponse(request, fields)), early]));
  return request;
}

/** As a client: the connection after its 101, and the response. */
export async function openWebSocket(t, wherry, { path = '/', fields = {}, early = Buffer.alloc(0) } = {}) {
  const peer = await connect(t, wherry.port);
  await peer.send(Buffer.concat([Buffer.from(upgradeRequest(path, fields)), early]));
  peer.response = await readResponse(peer);
  if (peer.response.status !== 101) {
    throw new Error(`no WebSocket but ${peer.response.head}${peer.response.body}`);
  }
  return peer;
}

/** Both ends of one relay, as raw peers; the backend must be a scripted one without script. */
export async function openPair(t, wherry, backend, options = {}) {
  const index = backend.peers.length;
  const accept = async () => {
    const server = await backend.peer(index);
    return { server, request: await acceptWebSocket(server, options.backend) };
  };
  const [client, accepted] = await Promise.all([openWebSocket(t, wherry, options.client), accept()]);
  return { client, ...accepted };
}
