// SPDX-License-Identifier: MIT
// Connections that Wherry says it has, asked at its status listener (its second port).

import { eventually } from './deadline.mjs';
import { exchange, requestText } from './http_text.mjs';
import { connect } from './peer.mjs';
import { parseMetrics } from './prometheus.mjs';
import { descriptorCount } from './process_stats.mjs';
import { forwardTo, startWherry } from './wherry.mjs';

const GAUGES = ['wherry_client_connections', 'wherry_backend_connections', 'wherry_websockets'];

/** As startWherry, with everything to one backend, a status listener and one with TLS. */
export async function startWithGauges(t, backend, options = {}, more = '') {
  const text = ({ ports }) => `
status: 127.0.0.1:${ports[1]}
listeners:
  - address: "127.0.0.1:${ports[0]}"
  - { address: "127.0.0.1:${ports[2]}", tls: { self_signed: true } }
${forwardTo(backend, more)}`
    .replace('app: { ', 'app: { pool: { size: 1 }, '); // so that descriptors can be counted
  const wherry = await startWherry(t, text, { ...options, ports: 3 });
  // It listens before: what fails in between would keep it from starting.
  await eventually(() => wherry.stderr.includes('is ready'), 'wherry is ready');
  return wherry;
}

/** Options of traffic.mjs that have it come over TLS. */
export function overTls(wherry) {
  return { scheme: 's', port: wherry.ports[2], tls: { rejectUnauthorized: false } };
}

export async function metrics(t, wherry) {
  const peer = await connect(t, wherry.ports[1]);
  const host = `127.0.0.1:${wherry.ports[1]}`;
  const answer = await exchange(peer, requestText('GET', '/metrics', { Host: host, Connection: 'close' }));
  peer.destroy();
  return parseMetrics(answer.body.toString()).samples;
}

/** Waits until no connection is left, but for descriptors that were open before. */
export async function allGone(t, wherry, descriptors = Infinity) {
  let last;
  await eventually(async () => {
    const samples = await metrics(t, wherry).catch(() => null);
    last = samples && GAUGES.map((name) => samples.get(name));
    return last?.every((value) => value === 0) && descriptorCount(wherry.pid) <= descriptors;
  }, 'no connection is left').catch((error) => {
    throw new Error(`${error.message}: ${GAUGES.join(', ')} are ${last}, ` +
      `${descriptorCount(wherry.pid)} descriptors, ${descriptors} before`);
  });
}
