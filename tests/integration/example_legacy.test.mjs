// SPDX-License-Identifier: MIT
// The scoreboard: a jQuery page that polls, as it is and with one script tag more, each in two
// browsers' contexts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { root } from './support/build.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { startExample, withoutPackages } from './support/examples.mjs';

const goals = (page) => page.textContent('.goals >> nth=0');
const scores = (page, wanted) => page.waitForFunction((text) => document.querySelector('.goals')?.textContent === text, wanted);

async function openTwo(browser, url) {
  const pages = [await openPage(browser, url), await openPage(browser, url)];
  for (const page of pages) await page.waitForSelector('.goals');
  return pages;
}

test('the scoreboard in Chromium', { skip: withoutBrowser || withoutPackages('jquery') }, async (t) => {
  const { wherry, backends } = await startExample(t, 'legacy', { 9005: 'legacy' });
  const browser = await startBrowser(t);
  let said = '';
  backends[9005].child.stdout.on('data', (text) => { said += text; });

  await t.test('as it is: all see a goal, and the backend is asked once a second', async () => {
    const pages = await openTwo(browser, `${wherry.url}/legacy/`);
    for (const page of pages) {
      await page.evaluate(() => {
        window.timer = setInterval(() => $.getJSON('scores', () => { window.answers = (window.answers ?? 0) + 1; }), 50);
      });
    }
    await pages[0].click('text=Harbour');
    for (const page of pages) await scores(page, '1 : 0');
    const answersOf = () => pages[1].evaluate(() => window.answers ?? 0);
    await eventually(async () => await answersOf() > 50, 'polls are answered');
    said = '';
    const [, count] = await eventually(() => said.match(/asked for the scores (\d+) times in 10 s/), 'the backend says how often it was asked');
    assert.ok(Number(count) <= 15, `asked ${count} times in 10 s, ${await answersOf()} answers in one page alone`);
    for (const page of pages) {
      assert.deepEqual(page.errors, []);
      await page.context().close();
    }
  });

  await t.test('with one line more: its polls are answered in the page', async () => {
    const lines = (name) => readFileSync(`${root}examples/legacy/public/${name}`, 'utf8').split('\n');
    const added = '    <script src="/.wherry/live.js"></script>';
    assert.deepEqual(lines('pushed.html').filter((line) => line !== added), lines('index.html'));

    const pages = await openTwo(browser, `${wherry.url}/legacy/pushed.html`);
    const polls = new Map();
    for (const page of pages) {
      page.on('request', (request) => request.url().endsWith('/scores') && polls.set(page, (polls.get(page) ?? 0) + 1));
    }
    await eventually(async () => {
      const before = [...polls.values()].join();
      await pause(2500);
      return before === [...polls.values()].join();
    }, 'no page polls over the network');
    const before = await goals(pages[1]);
    await pages[0].click('text=Lighthouse');
    for (const page of pages) await scores(page, before.replace(/\d+$/, (count) => Number(count) + 1));
    for (const page of pages) assert.deepEqual(page.errors, []);
  });
});
