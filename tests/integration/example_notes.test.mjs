// SPDX-License-Identifier: MIT
// The notes: two browsers write in one Yjs document, behind two workers and two backends.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { askControl } from './support/control.mjs';
import { startExample, withoutPackages } from './support/examples.mjs';

const skip = withoutBrowser || withoutPackages('ws', 'yjs', 'y-websocket');

async function openRoom(browser, wherry, room) {
  const page = await openPage(browser, `${wherry.url}/notes/#${room}`);
  await page.waitForSelector('#text:not([disabled])');
  return page;
}

function waitForText(page, text) {
  return page.waitForFunction((wanted) => document.querySelector('#text').value === wanted, text);
}

test('notes in Chromium', { skip }, async (t) => {
  const { wherry, backends } = await startExample(t, 'notes', { 9003: 'notes', 9004: 'notes' });
  const browser = await startBrowser(t);
  const pages = [await openRoom(browser, wherry, 'harbour'), await openRoom(browser, wherry, 'harbour')];
  const [ann, ben] = pages;

  await t.test('each sees who is there', async () => {
    for (const page of pages) await page.waitForFunction(() => document.querySelectorAll('#people li').length === 2);
  });

  await t.test('each sees what the other writes, and the caret stays at its word', async () => {
    await ann.type('#text', 'boats');
    await waitForText(ben, 'boats');
    await ben.focus('#text');
    await ben.evaluate(() => document.querySelector('#text').setSelectionRange(0, 0));
    await ben.keyboard.type('three ');
    await waitForText(ann, 'three boats');
    await ann.keyboard.type(' home'); // where Ann was: behind her own word
    await waitForText(ben, 'three boats home');
  });

  await t.test('both write at once, and both end with the same text', async () => {
    await Promise.all([ann.keyboard.type(' in the evening'), ben.keyboard.type('big ')]);
    for (const page of pages) await waitForText(page, 'three big boats home in the evening');
  });

  await t.test('what was written without a connection is there after it', async () => {
    await ann.context().setOffline(true);
    await askControl(t, wherry, { verb: 'kill', all: true });
    await ann.waitForSelector('#state.bad');
    await ann.keyboard.type(', all');
    await ann.context().setOffline(false);
    for (const page of pages) await waitForText(page, 'three big boats home in the evening, all');
  });

  await t.test('a room is at one backend, and rooms are at both', async () => {
    const backends = new Map();
    for (let i = 0; i < 20; i++) {
      const answers = new Set();
      for (let again = 0; again < 5; again++) {
        answers.add((await (await fetch(`${wherry.url}/notes/rooms/room-${i}`)).json()).backend);
      }
      assert.equal(answers.size, 1, `room-${i} is at one backend`);
      backends.set(`room-${i}`, [...answers][0]);
    }
    assert.equal(new Set(backends.values()).size, 2);
    const texts = await Promise.all(pages.map((page) => page.textContent('#backend')));
    assert.equal(texts[0], texts[1]);
  });

  await t.test('when a backend is lost, its rooms move with what was written in them', async () => {
    const port = Number((await ann.textContent('#backend')).replace('backend ', ''));
    const [lost, other] = [9003, 9004].map((usual) => backends[usual]).sort((one) => (one.port === port ? -1 : 1));
    lost.child.kill('SIGKILL');
    for (const page of pages) {
      await page.waitForFunction((text) => document.querySelector('#backend').textContent === text, `backend ${other.port}`);
    }
    await ben.keyboard.type('very ');
    for (const page of pages) await waitForText(page, 'three big very boats home in the evening, all');
  });

  const expected = /ERR_INTERNET_DISCONNECTED|WebSocket connection to .* failed|status of 50[24]/;
  assert.deepEqual(pages.flatMap(({ errors }) => errors.filter((text) => !expected.test(text))), []);
});
