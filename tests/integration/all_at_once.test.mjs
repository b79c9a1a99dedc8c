// SPDX-License-Identifier: MIT
// Everything that can happen to a running Wherry, in an order drawn by a seed, under live
// WebSockets: reloads, servers added, removed, drained, weighed, killed, rebalanced. Whoever is
// closed is told why and comes back; nothing is lost on the way, nobody is turned away.
// WHERRY_CLIENTS, WHERRY_ROUNDS and WHERRY_SEED make it another run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually, settled } from './support/deadline.mjs';
import { numberedBackend, startFleet } from './support/fleet.mjs';
import { descriptorCount } from './support/process_stats.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 100);
const ROUNDS = Number(process.env.WHERRY_ROUNDS ?? 40);
const SEED = Number(process.env.WHERRY_SEED ?? 4);

/** What a client may be told; 1006 is nothing that was told. */
const TOLD = /^(1001 server_drained|1012 (route_gone|rebalanced)|1014 backend_lost)$/;

/** The same numbers for the same seed (mulberry32). */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % sides;
  };
}

function site(servers, roll) {
  const methods = ['round_robin', 'least_connections', 'random_two'];
  return `
workers: ${1 + roll(4)}
log: { format: json, access: off }
drain: { window: 0s, timeout: 1s, server: { window: 200ms, timeout: 20s }, reload: { window: 200ms, timeout: 20s } }
routes:
${roll(2) ? '  - { match: { path: /new/ }, redirect: { to: /elsewhere } }' : ''}
  - { match: { path: / }, websocket: { origins: any, max_message: ${1 + roll(9)}MiB }, to: app }
upstreams:
  app:
    balance: ${methods[roll(methods.length)]}
    ejection: { time: 100ms, max_time: 200ms }
    retry: { min: 1000 } # however many handshakes are under way when a server is killed
    rebalance: { cooldown: 1s ${roll(2) ? ', after: join, settle: 1s' : ''} }
    servers: [${servers.map(({ url }) => `"${url}"`).join(', ')}]
`;
}

/** a is always there; the others come and go. */
class Site {
  constructor(t, wherry, backends, roll) {
    Object.assign(this, { t, wherry, backends, roll, inFile: [0, 1, 2], log: [] });
  }

  async ask(verb, more = {}) {
    const request = { verb, ...more };
    const answer = await askControl(this.t, this.wherry, request);
    this.log.push(`${JSON.stringify(request)} -> ${JSON.stringify(answer)}`);
    return answer;
  }

  async asks(verb, more) {
    const answer = await this.ask(verb, more);
    assert.equal(answer.ok, true, this.log.slice(-5).join('\n'));
    return answer;
  }

  get other() {
    return 1 + this.roll(this.backends.length - 1);
  }

  change(verb, index, more = {}) {
    return this.ask(`server_${verb}`, { upstream: 'app', url: this.backends[index].url, ...more });
  }

  reload() {
    this.inFile = this.backends.map((_, i) => i).filter((i) => i === 0 || this.roll(3) > 0);
    this.wherry.writeConfiguration(site(this.inFile.map((i) => this.backends[i]), this.roll));
    return this.asks('reload');
  }

  async kill() {
    const index = this.other;
    const { child, name, port } = this.backends[index];
    const isOver = once(child, 'exit');
    child.kill('SIGKILL');
    await isOver; // it has the port until then
    this.backends[index] = await numberedBackend(this.t, name, port);
  }

  /** Of servers that are not there, a change is refused: that is no fault. */
  async happens() {
    const steps = [
      () => this.reload(),
      () => this.reload(),
      () => this.change('add', this.other),
      () => this.change('remove', this.other),
      () => this.change('weight', this.other, { weight: 1 + this.roll(5) }),
      () => this.change(this.roll(2) ? 'down' : 'up', this.other),
      () => this.ask('rebalance', { group: 'app', rate: '1000/s' }),
      () => this.ask('drain', { target: this.backends[this.other].url, window: '100ms', timeout: '20s', wait: true }),
      () => this.kill(),
    ];
    await steps[this.roll(steps.length)]();
  }
}

test(`seed ${SEED}`, async (t) => {
  const roll = dice(SEED);
  const backends = [];
  for (const name of ['a', 'b', 'c', 'd']) backends.push(await numberedBackend(t, name));
  const wherry = await startWherry(t, site(backends.slice(0, 3), roll), { descriptors: 4 * CLIENTS + 500 });
  const fleet = await startFleet(t, wherry.webSocketUrl, { count: CLIENTS, perSecond: 10 });
  const before = descriptorCount(wherry.pid);
  const all = new Site(t, wherry, backends, roll);
  for (let round = 0; round < ROUNDS; round++) {
    await all.happens();
    const { messages } = fleet;
    await eventually(() => fleet.messages > messages + CLIENTS / 4, () => `messages go on after\n${all.log.slice(-4).join('\n')}`);
  }
  await fleet.settles();
  t.diagnostic(JSON.stringify(fleet.report));
  const untold = [...fleet.closes].filter(([key]) => !TOLD.test(key));
  assert.deepEqual(untold, [], `${fleet.lastRefusal}\n${all.log.slice(-20).join('\n')}`);
  fleet.end();
  await eventually(async () => (await settled(() => descriptorCount(wherry.pid), 'descriptors')) < before, 'descriptors are given back');
});
