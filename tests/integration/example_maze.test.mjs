// SPDX-License-Identifier: MIT
// The maze: a phone's page steers, a screen's page shows, each in a browser of its own.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import WebSocket from 'ws';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { root } from './support/build.mjs';
import { askControl } from './support/control.mjs';
import { startExample, withoutPackages } from './support/examples.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const sides = { up: [1, 0, -1], down: [2, 0, 1], left: [4, -1, 0], right: [8, 1, 0] };

/** The way from [x, y] to the last cell, as names of sides. */
function findWay({ width, cells, at }) {
  const start = at[1] * width + at[0];
  const ways = new Map([[start, []]]);
  for (const [cell, way] of ways) {
    if (cell === cells.length - 1) return way;
    for (const [name, [bit, dx, dy]] of Object.entries(sides)) {
      const next = cell + dx + dy * width;
      if ((cells[cell] & bit) && !ways.has(next)) ways.set(next, [...way, name]);
    }
  }
  throw new Error('there is no way');
}

test('the maze in Chromium', { skip: withoutBrowser || withoutPackages('ws') }, async (t) => {
  const { wherry } = await startExample(t, 'maze', { 9002: 'maze' });
  const browser = await startBrowser(t);
  const screen = await openPage(browser, `${wherry.url}/maze/#TEST`);
  await screen.waitForSelector('#state.good');
  const phone = await openPage(browser, new URL(await screen.getAttribute('#phone', 'href'), screen.url()).href);
  await phone.waitForSelector('#state.good');

  const observer = await connectWebSocket(t, `${wherry.webSocketUrl}/maze/ws/TEST/screen`);
  const maze = JSON.parse(await observer.text());
  const way = findWay(maze);

  await t.test('the two pages know of each other', async () => {
    await screen.waitForFunction(() => document.querySelector('#phones').textContent === '1 phone');
    await phone.waitForFunction(() => document.querySelector('#screens').textContent === '2 screens');
  });

  await t.test('every action of the phone is seen on the screen', async () => {
    for (const side of way.slice(0, -1)) await phone.click(`[data-go=${side}]`);
    const seen = String(way.length - 1);
    await screen.waitForFunction((count) => document.querySelector('#actions').textContent === count, seen);
    const ball = await screen.evaluate(() => {
      const circle = document.querySelector('#ball');
      return [circle.getAttribute('cx'), circle.getAttribute('cy')].map((place) => Math.floor(place));
    });
    const [, dx, dy] = sides[way.at(-1)];
    assert.deepEqual(ball, [maze.width - 1 - dx, maze.height - 1 - dy]);
    assert.match(await phone.textContent('#echo'), /^\d+ ms$/);
  });

  await t.test('keys work too, and the flag brings a new maze', async () => {
    await phone.keyboard.press({ up: 'ArrowUp', down: 'ArrowDown', left: 'ArrowLeft', right: 'ArrowRight' }[way.at(-1)]);
    for (const page of [screen, phone]) {
      await page.waitForFunction(() => document.querySelector('#solved').textContent === '1');
    }
  });

  await t.test('both come back after their connections were lost', async () => {
    for (const page of [screen, phone]) {
      await page.evaluate(() => { document.querySelector('#state').textContent = 'as it was'; });
    }
    await askControl(t, wherry, { verb: 'kill', all: true });
    for (const page of [screen, phone]) {
      await page.waitForFunction(() => document.querySelector('#state').textContent === 'connected');
    }
    await phone.waitForFunction(() => document.querySelector('#solved').textContent === '1');
  });
});

test('every action of many phones reaches its screen, in order', { skip: withoutPackages('ws') }, async (t) => {
  const { wherry, backends } = await startExample(t, 'maze', { 9002: 'maze' });
  const { stdout } = await promisify(execFile)(process.execPath, [`${root}examples/maze/load.mjs`,
    '--pairs', '100', '--seconds', '1', '--rounds', '1',
    '--direct', `ws://127.0.0.1:${backends[9002].port}`, '--through', wherry.webSocketUrl]);
  assert.match(stdout, /^100 pairs, 200 actions a second, 200 actions [^]*\| through Wherry \| [\d.]+ \|/);
});

test('the maze takes nothing from a phone but its actions', { skip: withoutPackages('ws') }, async (t) => {
  const { wherry } = await startExample(t, 'maze', { 9002: 'maze' });
  for (const message of ['{"go":"constructor","id":1}', '{"go":"up"}', 'null', '[']) {
    const phone = await connectWebSocket(t, `${wherry.webSocketUrl}/maze/ws/ROOM/phone`);
    await phone.send(message);
    assert.equal((await phone.closed()).code, 4001, message);
  }
  const stranger = new WebSocket(`${wherry.webSocketUrl}/maze/ws/../phone`, { headers: { Origin: 'https://elsewhere.test' } });
  await assert.rejects(new Promise((resolve, reject) => stranger.on('open', resolve).on('error', reject)), /403/);
});
