// SPDX-License-Identifier: MIT
// The scoreboard's backend, as an older application might be: it answers what the scores are,
// takes a goal, and can push nothing. It says how often it is asked.

import { createServer } from 'node:http';

import { listen } from '../listen.mjs';

const games = [
  { home: 'Harbour', away: 'Lighthouse', goals: [0, 0] },
  { home: 'Upstream', away: 'Downstream', goals: [0, 0] },
  { home: 'Ferrymen', away: 'Pilots', goals: [0, 0] },
];
let asked = 0;

/** What /legacy/goal?game=1&side=0 means; undefined if there is no such game or side. */
function scorerOf({ searchParams }) {
  const [game, side] = ['game', 'side'].map((name) => Number(searchParams.get(name) ?? NaN));
  return games[game] && (side === 0 || side === 1) ? { game, side } : undefined;
}

function answer({ method, url }, response) {
  const at = new URL(url, 'http://legacy');
  const scorer = at.pathname === '/legacy/goal' && method === 'POST' && scorerOf(at);
  if (at.pathname === '/legacy/scores') {
    asked++;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(games));
  } else if (scorer) {
    games[scorer.game].goals[scorer.side]++;
    response.writeHead(204).end();
  } else {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('no such page\n');
  }
}

listen(createServer(answer), 'legacy', 9005);

setInterval(() => {
  if (asked > 0) console.log(`legacy was asked for the scores ${asked} times in 10 s`);
  asked = 0;
}, 10_000);
