// SPDX-License-Identifier: MIT
// How long actions take from phones to their screens, straight to the backend and through Wherry
// in turns. Both have to be running (see README.md); prints a table.
//
//   node examples/maze/load.mjs [--pairs N] [--rate ACTIONS_PER_SECOND_AND_PAIR] [--seconds N]
//     [--rounds N] [--direct URL] [--through URL]

import { once } from 'node:events';
import { parseArgs } from 'node:util';

import WebSocket from 'ws';

const options = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    direct: { type: 'string', default: 'ws://127.0.0.1:9002' },
    through: { type: 'string', default: 'ws://127.0.0.1:8080' },
  },
}).values;
const pairs = Number(options.pairs);
const rate = Number(options.rate) * pairs;
const actions = Math.round(rate * Number(options.seconds));

const connectedAtOnce = 50;
const patienceMs = 10_000;
const quantiles = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, longest: 1 };
const sides = ['up', 'right', 'down', 'left'];

async function connect(url, role, index) {
  const code = (1_000_000 + index).toString(36).toUpperCase();
  const socket = new WebSocket(`${url}/maze/ws/${code}/${role}`, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.on('close', (code, reason) => fail(`a ${role} was closed: ${code} ${reason}`));
  return socket;
}

function fail(what) {
  console.error(what);
  process.exit(1);
}

async function connectPairs(url) {
  const phones = [];
  const screens = [];
  for (let first = 0; first < pairs; first += connectedAtOnce) {
    const batch = Array.from({ length: Math.min(connectedAtOnce, pairs - first) }, (_, i) => first + i);
    screens.push(...await Promise.all(batch.map((index) => connect(url, 'screen', index))));
    phones.push(...await Promise.all(batch.map((index) => connect(url, 'phone', index))));
  }
  return { phones, screens };
}

/** Sends the actions in turns, each at its time; resolves to each one's milliseconds. */
function play({ phones, screens }) {
  const sentAt = new Float64Array(actions);
  const taken = new Float64Array(actions);
  let arrived = 0;
  let next = 0;
  let deadline;

  return new Promise((resolve) => {
    screens.forEach((screen, index) => {
      let expected = index;
      screen.on('message', (data) => {
        const { id } = JSON.parse(data);
        if (id === undefined) return;
        if (id !== expected) fail(`screen ${index} saw action ${id} instead of ${expected}`);
        expected += pairs;
        taken[id] = performance.now() - sentAt[id];
        if (++arrived < actions) return;
        clearTimeout(deadline);
        resolve(taken);
      });
    });

    const start = performance.now();
    const timer = setInterval(() => {
      for (const due = Math.min(actions, (performance.now() - start) * rate / 1000); next < due; next++) {
        sentAt[next] = performance.now();
        phones[next % pairs].send(JSON.stringify({ go: sides[next % sides.length], id: next }));
      }
      if (next < actions) return;
      clearInterval(timer);
      deadline = setTimeout(() => fail(`${actions - arrived} actions never arrived`), patienceMs);
    }, 1);
  });
}

async function measure(url) {
  const sockets = await connectPairs(url);
  const taken = await play(sockets);
  for (const socket of [...sockets.phones, ...sockets.screens]) socket.removeAllListeners('close').terminate();
  return taken;
}

/** The quantiles of all rounds together. */
function summarize(rounds) {
  const all = Float64Array.from(rounds.flatMap((taken) => [...taken])).sort();
  return Object.values(quantiles).map((part) => all[Math.max(0, Math.ceil(all.length * part) - 1)]);
}

const results = { direct: [], through: [] };
for (let round = 0; round < Number(options.rounds); round++) {
  for (const way of round % 2 ? ['through', 'direct'] : ['direct', 'through']) {
    results[way].push(await measure(options[way]));
  }
}

const [direct, through] = [summarize(results.direct), summarize(results.through)];
const row = (name, values) => console.log(`| ${name} | ${values.join(' | ')} |`);
console.log(`${pairs} pairs, ${rate} actions a second, ${actions} actions in each of ${options.rounds} rounds; milliseconds\n`);
row('', Object.keys(quantiles));
row('---', Object.keys(quantiles).map(() => '---:'));
row('direct', direct.map((value) => value.toFixed(2)));
row('through Wherry', through.map((value) => value.toFixed(2)));
row('ratio', through.map((value, index) => (value / direct[index]).toFixed(2)));
