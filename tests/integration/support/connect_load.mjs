// SPDX-License-Identifier: MIT
// Connects again and again, with one request a connection: whoever is refused, reset or
// left without an answer while something changes is remembered.

import http from 'node:http';

import { cleanup } from './cleanup.mjs';
import { PATIENCE_MS } from './deadline.mjs';

function attempt(place) {
  const where = typeof place === 'string' ? { socketPath: place } : { host: '127.0.0.1', port: place };
  return new Promise((resolve) => {
    const request = http.get({ ...where, path: '/', agent: false, headers: { Host: 'load' }, timeout: PATIENCE_MS }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200 ? null : response.statusCode));
      response.once('error', (error) => resolve(`${place}: ${error.message}`));
    });
    request.once('error', (error) => resolve(`${place}: ${error.message}`));
    request.once('timeout', () => request.destroy(new Error('no answer')));
  });
}

/**
 * places: ports of the loopback, or paths of UNIX sockets; each gets this many clients.
 * stop() waits for the attempts under way and gives { count, failures }.
 */
export function connectLoad(t, places, { clients = 4 } = {}) {
  const result = { count: 0, failures: [] };
  let isStopped = false;
  const run = async (place) => {
    while (!isStopped) {
      const failure = await attempt(place);
      result.count++;
      if (failure) result.failures.push(failure);
    }
  };
  const runs = places.flatMap((place) => Array.from({ length: clients }, () => run(place)));
  const stop = async () => {
    isStopped = true;
    await Promise.all(runs);
    return result;
  };
  cleanup(t, stop);
  return { result, stop };
}
