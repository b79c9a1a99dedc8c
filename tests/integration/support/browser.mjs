// SPDX-License-Identifier: MIT
// Chromium, with a home of its own, through playwright-core.

import { existsSync } from 'node:fs';

import { cleanup } from './cleanup.mjs';
import { PATIENCE_MS } from './deadline.mjs';
import { temporaryDirectory } from './wherry.mjs';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const playwright = await import('playwright-core').catch(() => undefined);

/** Why a test that needs a browser can't run here; false if it can. */
export const withoutBrowser = !chromium ? 'there is no chromium' : !playwright ? 'there is no playwright-core' : false;

/** args: more of the command line; prepare(home): what has to be there before it starts. */
export async function startBrowser(t, { args = [], prepare = () => {} } = {}) {
  const home = temporaryDirectory(t);
  prepare(home);
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    env: { ...process.env, HOME: home },
    args: ['--no-sandbox', ...args],
  });
  cleanup(t, () => browser.close());
  return browser;
}

/**
 * A page in a context of its own, as another person's. errors: what its scripts did not catch
 * and what its console called an error, as texts; a test that expects none asserts so.
 */
export async function openPage(browser, url) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && page.errors.push(line.text()));
  await page.goto(url);
  return page;
}
