// SPDX-License-Identifier: MIT
// A name server of one record: answers every A question with the address it holds now.

import dgram from 'node:dgram';
import { once } from 'node:events';

import { cleanup } from './cleanup.mjs';

const TYPE_A = 1;
const HEADER_LENGTH = 12;

/** The end of the first question: its name, type and class. Behind the query's if it is cut off. */
function endOfQuestion(query) {
  let at = HEADER_LENGTH;
  while (query[at] > 0) at += query[at] + 1;
  return at + 5;
}

function answerTo(query, end, { address, ttl }) {
  const isKnown = address !== null && query.readUInt16BE(end - 4) === TYPE_A;
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8180, 2); // a response, recursion available, no error
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isKnown ? 1 : 0, 6);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_LENGTH, 0); // the name in the question
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttl, 6);
  record.writeUInt16BE(4, 10);
  if (isKnown) record.set(address.split('.').map(Number), 12);
  return Buffer.concat([header, query.subarray(HEADER_LENGTH, end), isKnown ? record : Buffer.alloc(0)]);
}

/** isSilent may be set, then it answers nothing. */
export async function dnsServer(t, address, ttl = 1) {
  const state = { address, ttl, questions: 0, isSilent: false };
  const socket = dgram.createSocket('udp4');
  socket.on('message', (query, from) => {
    state.questions++;
    const end = endOfQuestion(query);
    if (state.isSilent || end > query.length) return;
    socket.send(answerTo(query, end, state), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanup(t, () => new Promise((resolve) => socket.close(resolve)));
  state.port = socket.address().port;
  return state;
}
