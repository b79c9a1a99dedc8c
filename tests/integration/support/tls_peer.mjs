// SPDX-License-Identifier: MIT
// Clients that speak TLS: one whose bytes are the test's own, and openssl's.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import tls from 'node:tls';

import { cleanup } from './cleanup.mjs';
import { within } from './deadline.mjs';
import { Peer } from './peer.mjs';

/** options: those of tls.connect, as servername, ca, cert and key. */
export async function connectTls(t, port, options = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', ALPNProtocols: ['http/1.1'], ...options });
  cleanup(t, () => socket.destroy());
  const refused = new Promise((_, reject) => { socket.once('error', reject); });
  await within(Promise.race([once(socket, 'secureConnect'), refused]), 'a TLS handshake');
  return new Peer(socket);
}

/** Runs s_client with a text as its input; gives its code and all that it said. */
export function sClient(t, port, args, input = '') {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
  cleanup(t, () => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  child.stdin.on('error', () => {}); // it may have ended before it read all
  child.stdin.end(input);
  return within(once(child, 'close').then(([code]) => ({ code, output })), 's_client ends');
}
