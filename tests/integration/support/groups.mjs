// SPDX-License-Identifier: MIT
// A group of servers that say who they are, and the configuration for it.

import { httpBackend } from './backends.mjs';
import { exchange, requestText } from './http_text.mjs';
import { connect } from './peer.mjs';

/** HTTP servers whose answers have their index in X-Server. */
export function namedServers(t, count, handler = (_, response) => response.end()) {
  return Promise.all(Array.from({ length: count }, (_, index) =>
    httpBackend(t, (request, response) => {
      response.setHeader('X-Server', String(index));
      handler(request, response, index);
    })));
}

/** group: more keys of the group as lines; each(index): more keys of a server, in flow style. */
export function groupOf(servers, { balance = 'round_robin', top = '', group = '', each = () => '' } = {}) {
  return `
${top}
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app:
    balance: ${balance}
${group.split('\n').map((line) => `    ${line}`).join('\n')}
    servers:
${servers.map(({ url }, index) => `      - { url: "${url}"${each(index) ? `, ${each(index)}` : ''} }`).join('\n')}
`;
}

/** Which server answers; on a connection of its own, unless peer is given. */
export async function whoAnswers(t, wherry, path = '/', fields = {}, peer = undefined) {
  const own = peer ?? await connect(t, wherry.port);
  const response = await exchange(own, requestText('GET', path, fields));
  if (!peer) own.destroy();
  return { ...response, server: Number(response.headers.get('x-server') ?? -1) };
}

/** How many of the values are 0, 1, ... */
export function countEach(values, length) {
  const counts = Array(length).fill(0);
  for (const value of values) counts[value]++;
  return counts;
}
