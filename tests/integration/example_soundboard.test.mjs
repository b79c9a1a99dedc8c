// SPDX-License-Identifier: MIT
// The soundboard: what one browser plays is heard in the others of its room, by way of a channel,
// without a backend for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { askControl } from './support/control.mjs';
import { startExample } from './support/examples.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

async function openRoom(browser, wherry, room) {
  const page = await openPage(browser, `${wherry.url}/soundboard/#${room}`);
  await page.waitForSelector('#state.good');
  return page;
}

function waitForHeard(page, count) {
  return page.waitForFunction((wanted) => document.querySelector('#heard').textContent === wanted, String(count));
}

test('the soundboard in Chromium', { skip: withoutBrowser }, async (t) => {
  const { wherry } = await startExample(t, 'soundboard');
  const browser = await startBrowser(t);
  const [ann, ben] = [await openRoom(browser, wherry, 'harbour'), await openRoom(browser, wherry, 'harbour')];
  const cleo = await openRoom(browser, wherry, 'quay');

  await t.test('each knows how many are in its room', async () => {
    for (const page of [ann, ben]) await page.waitForFunction(() => document.querySelector('#people').textContent === '2 here');
    await cleo.waitForFunction(() => document.querySelector('#people').textContent === '1 here');
  });

  await t.test('a note is heard by everybody in the room, and by nobody else', async () => {
    await ann.click('#pads button:nth-child(8)');
    for (const page of [ann, ben]) {
      await waitForHeard(page, 1);
      assert.deepEqual(await page.$$eval('#pads .lit', (pads) => pads.map((pad) => pad.textContent)), ['E5']);
    }
    assert.match(await ann.textContent('#echo'), /^\d+ ms$/);
    await cleo.click('#pads button:first-child');
    await waitForHeard(cleo, 1); // not two
  });

  await t.test('many play at once, and nobody misses a note', async () => {
    const melody = (page, pads) => page.evaluate((order) => {
      for (const index of order) document.querySelectorAll('#pads button')[index].click();
    }, pads);
    await Promise.all([melody(ann, [24, 23, 22, 21, 20, 15]), melody(ben, [0, 1, 2, 3, 4, 9])]);
    for (const page of [ann, ben]) await waitForHeard(page, 13);
  });

  await t.test('the pages come back after their connections were lost, and go on', async () => {
    for (const page of [ann, ben]) {
      await page.evaluate(() => { document.querySelector('#people').textContent = 'as it was'; });
    }
    await askControl(t, wherry, { verb: 'kill', all: true });
    for (const page of [ann, ben]) await page.waitForFunction(() => document.querySelector('#people').textContent === '2 here');
    await ben.click('#pads button:last-child');
    for (const page of [ann, ben]) await waitForHeard(page, 14);
  });

  assert.deepEqual([ann, ben, cleo].flatMap(({ errors }) => errors), []);
});

test('a soundboard is not one for strangers, nor for long messages', async (t) => {
  const { wherry } = await startExample(t, 'soundboard');
  const url = `${wherry.webSocketUrl}/soundboard/rooms/harbour`;
  await assert.rejects(connectWebSocket(t, url, { headers: { Origin: 'https://elsewhere.test' } }), /403/);
  const player = await connectWebSocket(t, url, { protocols: ['wherry.v1'] });
  await player.send(JSON.stringify({ data: 'x'.repeat(300) }));
  assert.equal((await player.closed()).code, 1009);
});
