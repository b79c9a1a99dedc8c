// SPDX-License-Identifier: MIT
// A real browser subscribes from a page of its own site and from another one's: EventSource
// goes on by itself, fetch polls, WebSockets speak wherry.v1.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { openPage, startBrowser, withoutBrowser } from './support/browser.mjs';
import { cleanup } from './support/cleanup.mjs';
import { askControl } from './support/control.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** An empty page on an origin of its own. */
async function startSite(t, port) {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => server.close().closeAllConnections());
  return `http://127.0.0.1:${port}`;
}

const routes = (site, more = '') => `
drain: { window: 0s, timeout: 300ms, reload: { window: 10ms, timeout: 5s } }
routes:
  - match: { path: /feed }
    subscribe: { channel: a, publish: true, origins: ["${site}"]${more} }
  - match: { path: /own }
    subscribe: { channel: a }
`;

test('a page of another site that may subscribe', { skip: withoutBrowser }, async (t) => {
  const [port] = await freePorts(1);
  const site = await startSite(t, port);
  const wherry = await startWherry(t, routes(site));
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed`, { origin: site });
  const publish = async (text) => {
    await publisher.send(text);
    await publisher.message();
  };
  const browser = await startBrowser(t);
  const page = await openPage(browser, site);

  await t.test('EventSource, which goes on where it was when it was sent away', async () => {
    await page.evaluate((url) => new Promise((resolve) => {
      window.events = [];
      window.source = new EventSource(`${url}/feed`, { withCredentials: true });
      window.source.onmessage = ({ data, lastEventId }) => window.events.push({ data, lastEventId });
      window.source.onerror = () => { window.wasSentAway = true; };
      window.source.onopen = resolve;
    }), wherry.url);
    await publish('one');
    await page.waitForFunction(() => window.events.length === 1);
    // Another channel for a moment: its stream ends politely.
    const kept = wherry.configText;
    wherry.writeConfiguration(kept.replace('channel: a, publish', 'channel: b, publish'));
    await askControl(t, wherry, { verb: 'reload' });
    await page.waitForFunction(() => window.wasSentAway);
    wherry.writeConfiguration(kept);
    await askControl(t, wherry, { verb: 'reload' });
    const again = await connectWebSocket(t, `${wherry.webSocketUrl}/feed`, { origin: site });
    await again.send('two');
    await page.waitForFunction(() => window.events.length === 2);
    const events = await page.evaluate(() => window.events);
    assert.deepEqual(events.map(({ data }) => data), ['one', 'two']);
    assert.ok(BigInt(events[0].lastEventId) < BigInt(events[1].lastEventId));
    await page.evaluate(() => window.source.close());
  });

  await t.test('fetch, whose If-None-Match asks for a preflight', async () => {
    const found = await page.evaluate(async (url) => {
      const first = await fetch(`${url}/feed?last_event_id=0`);
      const tag = first.headers.get('ETag');
      const second = await fetch(`${url}/feed`, { headers: { 'If-None-Match': tag, Prefer: 'wait=5' }, cache: 'no-store' });
      return { tag, texts: [await first.text(), await second.text()] };
    }, wherry.url);
    assert.match(found.tag, /^"\d+"$/);
    assert.deepEqual(found.texts, ['one', 'two']);
  });

  await t.test('WebSocket with envelopes, both ways', async () => {
    const found = await page.evaluate((url) => new Promise((resolve, reject) => {
      const socket = new WebSocket(`${url}/feed`, ['wherry.v1']);
      socket.onerror = reject;
      socket.onopen = () => socket.send(JSON.stringify({ data: 'from the page' }));
      socket.onmessage = ({ data }) => resolve({ protocol: socket.protocol, ...JSON.parse(data) });
    }), wherry.webSocketUrl);
    assert.deepEqual([found.protocol, found.event, found.channel, found.data], ['wherry.v1', 'message', 'a', 'from the page']);
  });

  await t.test('a route for pages of its own host is shut to it', async () => {
    const outcome = await page.evaluate(([url, webSocketUrl]) => Promise.all([
      fetch(`${url}/own`).then(() => 'open', () => 'shut'),
      new Promise((resolve) => {
        const source = new EventSource(`${url}/own`);
        source.onopen = () => resolve('open');
        source.onerror = () => resolve('shut');
      }),
      new Promise((resolve) => {
        const socket = new WebSocket(`${webSocketUrl}/own`);
        socket.onopen = () => resolve('open');
        socket.onclose = () => resolve('shut');
      }),
    ]), [wherry.url, wherry.webSocketUrl]);
    assert.deepEqual(outcome, ['shut', 'shut', 'shut']);
  });
});
