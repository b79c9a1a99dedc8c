// SPDX-License-Identifier: MIT
// PROXY headers as bytes: built, also wrongly, and read.

import net from 'node:net';

export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function u16(value) {
  return Buffer.of(value >> 8, value & 0xff);
}

/** The 4 or 16 bytes of an address. */
function addressBytes(text) {
  if (net.isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [head, tail] = text.split('::').map((half) => (half ? half.split(':') : []));
  const middle = tail ? Array(8 - head.length - tail.length).fill('0') : [];
  const groups = [...head, ...middle, ...(tail ?? [])];
  return Buffer.concat(groups.map((group) => u16(parseInt(group, 16))));
}

/** Where header's connection came from and went to, unless a test says otherwise. */
export const ROUTE = { from: '192.0.2.1', fromPort: 56324, to: '198.51.100.7', toPort: 443 };

export function v1(route = {}) {
  const { from, fromPort, to, toPort } = { ...ROUTE, ...route };
  return Buffer.from(`PROXY TCP${net.isIPv4(from) ? 4 : 6} ${from} ${to} ${fromPort} ${toPort}\r\n`);
}

/** Version 2 with any command, family and body. */
export function v2Raw(command, family, body = Buffer.alloc(0), length = body.length) {
  return Buffer.concat([SIGNATURE, Buffer.of(0x20 | command, family), u16(length), body]);
}

export function tlv(type, value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(type), u16(bytes.length), bytes]);
}

export function v2(route = {}, tlvs = []) {
  const { from, fromPort, to, toPort } = { ...ROUTE, ...route };
  const addresses = [addressBytes(from), addressBytes(to), u16(fromPort), u16(toPort)];
  return v2Raw(1, net.isIPv4(from) ? 0x11 : 0x21, Buffer.concat([...addresses, ...tlvs]));
}

export function v2Unix(from, to) {
  const body = Buffer.alloc(216);
  body.write(from, 0, 'latin1');
  body.write(to, 108, 'latin1');
  return v2Raw(1, 0x31, body);
}

async function readV1(peer) {
  const line = (await peer.readUntil('\r\n')).toString('latin1');
  const [, protocol, from, to, fromPort, toPort] = line.trim().split(' ');
  return { version: 1, protocol, from, to, fromPort: Number(fromPort), toPort: Number(toPort) };
}

function readTlvs(body) {
  const found = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt16BE(at + 1);
    found.push({ type: body[at], value: Buffer.from(body.subarray(at + 3, at + 3 + length)) });
    at += 3 + length;
  }
  return found;
}

async function readV2(peer) {
  const fixed = Buffer.from(await peer.readExactly(16));
  const body = Buffer.from(await peer.readExactly(fixed.readUInt16BE(14)));
  const header = { version: 2, command: fixed[12] & 15, family: fixed[13], tlvs: [] };
  if (header.family !== 0x11) return header;
  header.from = [...body.subarray(0, 4)].join('.');
  header.to = [...body.subarray(4, 8)].join('.');
  header.fromPort = body.readUInt16BE(8);
  header.toPort = body.readUInt16BE(10);
  header.tlvs = readTlvs(body.subarray(12));
  return header;
}

/** The header that a connection of Wherry's begins with. */
export async function readProxyHeader(peer) {
  await peer.when(() => (peer.length >= 6 || undefined), 'a PROXY header');
  return peer.peek().subarray(0, 6).equals(Buffer.from('PROXY ')) ? readV1(peer) : readV2(peer);
}
