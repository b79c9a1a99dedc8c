// SPDX-License-Identifier: MIT
// The webhooks' page: what curl sends with a good signature shows up in two browsers' contexts.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { root } from './support/build.mjs';
import { askControl } from './support/control.mjs';
import { startExample } from './support/examples.mjs';

const folder = `${root}examples/hooks`;

test('webhooks in Chromium', { skip: withoutBrowser }, async (t) => {
  execFileSync(`${folder}/secrets.sh`);
  const { wherry } = await startExample(t, 'hooks');
  const browser = await startBrowser(t);
  const open = async () => {
    const page = await openPage(browser, `${wherry.url}/hooks/`);
    await page.waitForSelector('#state.good');
    return page;
  };
  const send = async (kind, text) => {
    const { stdout } = await promisify(execFile)(`${folder}/send.sh`, [kind, text, wherry.url]);
    return stdout.trim().slice(-3);
  };
  const shows = (page, text) => page.waitForFunction((wanted) =>
    [...document.querySelectorAll('#events li')].filter((item) => item.textContent.includes(wanted)).length === 1, text);
  const pages = [await open(), await open()];

  await t.test('who signs is shown to everybody', async () => {
    assert.equal(await send('github', 'Mend the "sail" \\o/'), '200');
    assert.equal(await send('standard', 'Order 7 is paid'), '200');
    for (const page of pages) {
      await shows(page, 'GitHub: push Mend the "sail" \\o/');
      await shows(page, 'Standard Webhooks: order.paid Order 7 is paid');
    }
  });

  await t.test('who does not is refused, and shown to nobody', async () => {
    assert.equal(await send('forged', 'Not from us'), '401');
    assert.equal(await send('github', 'After that'), '200');
    for (const page of pages) {
      await shows(page, 'After that');
      assert.doesNotMatch(await page.textContent('#events'), /Not from us/);
    }
  });

  await t.test('a page that comes late, or back, has missed nothing', async () => {
    await shows(await open(), 'Order 7 is paid');
    await askControl(t, wherry, { verb: 'kill', all: true });
    assert.equal(await send('standard', 'Order 8 is paid'), '200');
    for (const page of pages) {
      await shows(page, 'Order 8 is paid');
      await shows(page, 'Order 7 is paid');
    }
  });
});
