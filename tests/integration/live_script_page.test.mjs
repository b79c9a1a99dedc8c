// SPDX-License-Identifier: MIT
// The life of a page with live.js: what it may forbid and break, when it goes and comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { becomesLocal, deafWebSocket, shortIntervals, shows, skippedTime, start, withoutPages } from './support/live_script.mjs';

const forbidden = (name) => `window.${name} = class { constructor() { throw new DOMException('', 'SecurityError'); } };`;
const recorder = `window.told = []; addEventListener('wherry:change', ({ detail }) => told.push(detail.data));`;

test('the life of a page', { skip: withoutPages }, async (t) => {
  const app = await start(t);
  const { wherry } = app;

  /** Opens a page, and closes it when the test has ended. */
  const inPage = (name, path, prepare, does) => t.test(name, async () => {
    const { page, seen } = await app.open(path, prepare);
    try {
      await does(page, seen);
    } finally {
      await page.context().close();
    }
  });
  const follow = (page, ...paths) => page.evaluate((paths) => paths.forEach((path) => window.wherry.follow(path)), paths);
  const poll = (page, path = '/live/score') => page.evaluate((path) => fetch(path).then((answer) => answer.text()), path);
  const asks = async (page, seen, path) => {
    const before = seen.requests;
    await poll(page, path);
    return seen.requests - before;
  };
  const tells = (page, data) => page.waitForFunction((wanted) => JSON.stringify(window.told.at(-1)) === wanted, JSON.stringify(data));
  /** What the page's socket follows, by Wherry's word. */
  const channels = async (filter = {}) => {
    const items = [];
    await askControl(t, wherry, { verb: 'connections', kind: 'websocket', ...filter }, items);
    return items.flatMap((item) => item.channels);
  };

  await inPage('it is there once, whatever else has its name', '/twice', '', async (page, seen) => {
    await becomesLocal(page, seen);
    assert.ok(await page.evaluate(() => window.fetch === window.first && !/native/.test(window.fetch)));
    assert.equal(seen.sockets, 1);
    assert.deepEqual(page.errors, []);
  });

  await inPage('a Content-Security-Policy without WebSockets leaves event streams', '/strict', '', async (page, seen) => {
    await becomesLocal(page, seen);
    assert.deepEqual([seen.sockets, seen.streams], [0, 1]);
    assert.ok(page.errors.every((error) => /Content Security Policy/.test(error)), page.errors.join('\n'));
  });

  await inPage('constructors that throw leave polls', '/fetch', forbidden('WebSocket') + forbidden('EventSource'), async (page, seen) => {
    await eventually(() => seen.requests > 10, 'it polls on');
    await shows(page, ++app.score);
    assert.deepEqual(page.errors, []);
  });

  await inPage('a server that is away for a while is no reason for event streams', '/fetch', `
    Math.random = () => 0;
    window.refused = 4;
    window.WebSocket = class extends WebSocket {
      constructor(url, protocol) { super(window.refused < 4 && ++window.refused ? url + '/nowhere' : url, protocol); }
    };`, async (page, seen) => {
    await becomesLocal(page, seen);
    await page.evaluate(() => { window.refused = 0; });
    await askControl(t, wherry, { verb: 'kill', all: true });
    await page.waitForFunction(() => window.refused === 4);
    await becomesLocal(page, seen);
    assert.equal(seen.streams, 0);
  });

  await inPage('a listener that throws breaks nothing', '/idle', '', async (page, seen) => {
    await page.evaluate(() => document.addEventListener('wherry:change', () => { throw new Error('mine'); }));
    await becomesLocal(page, seen);
    app.score++;
    await eventually(async () => JSON.parse(await poll(page)).score === app.score, 'polls say what is new');
    await becomesLocal(page, seen);
    assert.ok(page.errors.length > 0 && page.errors.every((error) => error === 'Error: mine'), page.errors.join('\n'));
  });

  await inPage('a URL that nobody asks for any more is left', '/idle', skippedTime + shortIntervals, async (page, seen) => {
    await becomesLocal(page, seen);
    await becomesLocal(page, seen, '/live/other');
    await eventually(async () => (await channels()).length === 2, 'both are followed');
    await page.evaluate(() => { window.skipped += 60e3; });
    await poll(page);
    await page.evaluate(() => { window.skipped += 60e3; });
    await eventually(async () => String(await channels()) === '/live/score', 'the other one is left');
    await page.evaluate(() => { window.skipped += 60e3; });
    await eventually(async () => (await channels()).length === 0, 'the socket is closed');
  });

  await inPage('new code follows, and unfollows, whatever it is', '/idle', recorder, async (page) => {
    app.bodies['/live/text'] = ['text/plain', 'first'];
    await follow(page, '/live/text');
    await tells(page, 'first');
    app.bodies['/live/text'] = ['application/json', '"second"'];
    await tells(page, 'second');
    assert.deepEqual(await page.evaluate(() => window.told), ['first', 'second']);
    await page.evaluate(() => window.wherry.unfollow('/live/text'));
    await eventually(async () => (await channels()).length === 0, 'the socket is closed');
  });

  await inPage('what is followed has its turn when there is room', '/idle', shortIntervals, async (page) => {
    const paths = Array.from({ length: 17 }, (_, i) => `/live/score?${i}`);
    await follow(page, ...paths);
    await eventually(async () => (await channels()).length === 16, 'as many as may be');
    await page.evaluate((path) => window.wherry.unfollow(path), paths[0]);
    await eventually(async () => (await channels({ channel: paths[16] })).length === 16, 'there is room');
  });

  await inPage('what is followed is so behind an answer that is not live', '/idle', recorder, async (page) => {
    await follow(page, '/live/score');
    await tells(page, { score: app.score });
    await page.route('**/live/score', (route) => route.fulfill({ status: 200, body: 'not live' }));
    assert.equal(await poll(page), 'not live');
    await page.unroute('**/live/score');
    await tells(page, { score: ++app.score });
  });

  await inPage('what nothing polls is checked, too', '/idle', shortIntervals + deafWebSocket + recorder, async (page) => {
    await follow(page, '/live/score');
    await tells(page, { score: app.score });
    await page.evaluate(() => { window.isDeaf = true; });
    await tells(page, { score: ++app.score });
  });

  await inPage('names of patches are but names', '/idle', recorder, async (page) => {
    const body = (text) => ['application/json', `{ "rest": "${'x'.repeat(1000)}", ${text} }`];
    app.bodies['/live/names'] = body('"value": 1');
    await follow(page, '/live/names');
    await page.waitForFunction(() => window.told.length === 1);
    app.bodies['/live/names'] = body('"value": 1, "__proto__": { "isAdmin": true }');
    await page.waitForFunction(() => window.told.length === 2);
    assert.deepEqual(await page.evaluate(() => [{}.isAdmin, Object.keys(window.told[1])]), [undefined, ['rest', 'value', '__proto__']]);
  });

  await inPage('a page that is left closes its socket, and comes back with what it follows', '/idle', recorder, async (page, seen) => {
    await follow(page, '/live/other');
    await becomesLocal(page, seen);
    const cross = (name) => page.evaluate((name) => window.dispatchEvent(new PageTransitionEvent(name, { persisted: true })), name);
    await cross('pagehide');
    await eventually(async () => (await channels()).length === 0, 'the socket is closed');
    await cross('pageshow');
    await eventually(async () => String(await channels()) === '/live/other', 'it is followed again');
    await becomesLocal(page, seen);
    assert.deepEqual(page.errors, []);
  });

  await inPage('another network is another connection', '/idle', '', async (page, seen) => {
    await becomesLocal(page, seen);
    await page.evaluate(() => window.dispatchEvent(new Event('offline')));
    assert.equal(await asks(page, seen), 1);
    await becomesLocal(page, seen);
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await becomesLocal(page, seen);
    await eventually(() => seen.sockets === 2, 'there is another WebSocket');
  });

  await inPage('behind a sleep the network is asked', '/idle', skippedTime + deafWebSocket, async (page, seen) => {
    await becomesLocal(page, seen);
    await page.evaluate(() => { window.isDeaf = true; });
    await page.evaluate(() => { window.slept += 3600e3; });
    assert.equal(await asks(page, seen), 1);
    await becomesLocal(page, seen);
    assert.equal(seen.sockets, 2);
  });

  await inPage('what is sent elsewhere changes nothing here, and what fails may have', '/idle', '', async (page, seen) => {
    await becomesLocal(page, seen);
    const elsewhere = wherry.url.replace('127.0.0.1', 'localhost');
    const send = (url, credentials) => page.evaluate(async ([url, credentials]) => {
      await fetch(url, { method: 'POST', mode: 'no-cors', credentials }).catch(() => {});
      const xhr = new XMLHttpRequest();
      xhr.open('POST', url);
      xhr.withCredentials = credentials === 'include';
      const ended = new Promise((resolve) => { xhr.onloadend = resolve; });
      xhr.send();
      await ended;
    }, [url, credentials]);
    await send(`${elsewhere}/other`, 'same-origin');
    assert.equal(await asks(page, seen), 0);
    await send(`${elsewhere}/other`, 'include');
    assert.equal(await asks(page, seen), 1);
    await becomesLocal(page, seen);
    await page.route('**/other', (route) => route.abort());
    await send('/other', 'same-origin');
    assert.equal(await asks(page, seen), 1);
  });
});
