// SPDX-License-Identifier: MIT
// What the examples have in common: the backend of their pages, and the page that leads to each.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { root } from './support/build.mjs';
import { startExample } from './support/examples.mjs';

const examples = readdirSync(`${root}examples`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['node_modules', 'pages'].includes(entry.name))
  .map(({ name }) => name);

test('the first page leads to every example', { skip: withoutBrowser }, async (t) => {
  const { wherry } = await startExample(t, 'maze');
  const page = await openPage(await startBrowser(t), wherry.url);
  const links = await page.$$eval('main h2 a', (all) => all.map(({ href }) => href));
  assert.deepEqual(links.map((link) => new URL(link).pathname).sort(), examples.map((name) => `/${name}/`).sort());
  for (const link of links) {
    assert.equal((await page.goto(link)).status(), 200, link);
    assert.equal(await page.$eval('header a', ({ pathname }) => pathname), '/', `${link} leads back`);
  }
});

/** The status of exactly that path, which URLs would make tidy. */
function statusOf(port, path) {
  return new Promise((resolve, reject) => {
    http.get({ port, path }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

test('the pages are all that is served', async (t) => {
  const { backends } = await startExample(t, 'maze');
  const { port } = backends[9000];
  for (const path of ['/', '/pages/style.css', '/maze/', '/maze/phone.html']) {
    assert.equal(await statusOf(port, path), 200, path);
  }
  for (const path of ['/maze/server.mjs', '/maze/../maze/server.mjs', '/maze/..%2fserver.mjs', '/pages/../../README.md',
    '/modules/../package.json', '/modules/ws/../../listen.mjs', '/modules/%2e%2e/listen.mjs', '/modules/ws/package.json',
    '//etc/passwd', '/pages/\\..\\server.mjs', '/nowhere/']) {
    assert.equal(await statusOf(port, path), 404, path);
  }
});
