// SPDX-License-Identifier: MIT
// Tests of what is the same whichever broker keeps the channels: they run on that of the
// process, where they find one Wherry, and, by files named redis_*.test.mjs, on a real Redis,
// where they find two that act as one.

import { basename } from 'node:path';
import { after, before, test } from 'node:test';

import { eventually } from './deadline.mjs';
import { skip, startRedis } from './redis.mjs';
import { addDefault, startWherry } from './wherry.mjs';

let isRedis = false;
let redis; // from the first test on
let groups = 0;

/** In this process all tests run on Redis. files: names of files with tests, without .test.mjs. */
export async function runOnRedis(...files) {
  if (skip) return;
  isRedis = true;
  const undone = [];
  before(async () => { redis = await startRedis({ after: (undo) => undone.push(undo) }); });
  after(() => Promise.all(undone.map((undo) => undo())));
  addDefault('hub', (wherry) => hubOf(wherry));
  for (const file of files) await import(`../${file}.test.mjs`);
}

export const brokerName = () => (isRedis ? 'redis' : 'local');

/** A test that no broker has a part in: not once more on Redis. */
export function testOnce(...args) {
  if (!isRedis) test(...args);
}

/** The hub of a run, for who has more keys of it to say. */
export function hubOf({ directory, options }, more = '') {
  if (!isRedis) return `hub: { ${more} }`;
  const prefix = options.prefix ?? basename(directory);
  return `hub: { broker: redis, url: "unix:${redis.socket}", prefix: ${prefix}${more && `, ${more}`} }`;
}

/**
 * Two machines, what is published on one of which is heard on the other; without Redis both
 * are the same. configuration, options: as of startWherry.
 */
export async function startMachines(t, configuration, options = {}) {
  const start = () => startWherry(t, configuration, { prefix: `group${groups}`, ...options });
  groups++;
  if (isRedis) return Promise.all([start(), start()]);
  const wherry = await start();
  return [wherry, wherry];
}

/** Until publishers on all machines are told of so many subscribers of a channel. */
export async function areCounted({ options: { prefix } }, channel, count) {
  if (!isRedis) return;
  const counts = async () => [...(await redis.ask('HVALS', `${prefix}:s:${channel}`)).matchAll(/\r\n(\d+)\r\n/g)];
  await eventually(async () => (await counts()).reduce((sum, [, here]) => sum + Number(here), 0) === count,
    `${count} subscribers of ${channel} are counted`);
}
