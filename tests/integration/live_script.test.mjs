// SPDX-License-Identifier: MIT
// Pages that know nothing of Wherry but one script tag: their polls of live URLs are answered
// in the browser from what one connection brings, and everything else as without it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { becomesLocal, deafWebSocket, shows, skippedTime, start, withoutPages } from './support/live_script.mjs';

const noWebSocket = `window.WebSocket = class { constructor() { setTimeout(() => this.onerror({})); } close() {} };`;
const noEventSource = `window.EventSource = class extends window.WebSocket { addEventListener() {} };`;

test('live.js', { skip: withoutPages }, async (t) => {
  const app = await start(t);
  const { wherry, open } = app;

  for (const path of ['/fetch', '/jquery']) {
    await t.test(`${path}: two users see each change, over one WebSocket each`, async () => {
      const users = [await open(path), await open(path)];
      for (const user of users) {
        await shows(user.page, app.score);
        await becomesLocal(user.page, user.seen);
        user.before = user.seen.requests;
      }
      for (let i = 0; i < 3; i++) {
        app.score++;
        for (const { page } of users) await shows(page, app.score);
      }
      for (const { page, seen, before } of users) {
        assert.equal(seen.sockets, 1);
        assert.ok(seen.requests < before + 20, `${before} requests became ${seen.requests}`);
        assert.deepEqual(page.errors, []);
        await page.context().close();
      }
    });
  }

  await t.test('server-sent events, where WebSockets are blocked', async () => {
    const { page, seen } = await open('/fetch', noWebSocket);
    await becomesLocal(page, seen);
    await shows(page, ++app.score);
    assert.deepEqual([seen.streams, seen.sockets], [1, 0]);
    await page.context().close();
  });

  await t.test('polls, where both are blocked', async () => {
    const { page, seen } = await open('/fetch', noWebSocket + noEventSource);
    await eventually(() => seen.requests > 20, 'it polls on');
    await shows(page, ++app.score);
    await page.context().close();
  });

  await t.test('a backend that is down is seen as such, and its return', async () => {
    const { page, seen } = await open('/fetch');
    await becomesLocal(page, seen);
    app.isDown = true;
    const before = seen.requests;
    await eventually(() => seen.requests > before, 'polls go to the network again');
    app.isDown = false;
    await shows(page, ++app.score);
    await becomesLocal(page, seen);
    await page.context().close();
  });

  await t.test('a connection that is lost comes back, and goes on behind the last id', async () => {
    const { page, seen } = await open('/fetch');
    await becomesLocal(page, seen);
    const again = page.waitForEvent('websocket');
    await askControl(t, wherry, { verb: 'kill', all: true });
    const { payload } = await (await again).waitForEvent('framesent');
    assert.match(JSON.parse(payload).last_event_id, /^\d+$/);
    await shows(page, ++app.score);
    await becomesLocal(page, seen);
    await shows(page, ++app.score);
    await page.context().close();
  });

  await t.test('a connection that is dead and does not know it is made anew', async () => {
    const { page, seen } = await open('/fetch', skippedTime + deafWebSocket);
    await becomesLocal(page, seen);
    await page.evaluate(() => { window.isDeaf = true; });
    app.score++;
    await eventually(async () => (await (await fetch(`${wherry.url}/live/score`)).json()).score === app.score, 'it is known');
    // The page's own key may learn of it later than that of this test.
    await eventually(async () => {
      await page.evaluate(() => { window.skipped += 31e3; });
      return await page.title() === String(app.score);
    }, 'the network was asked');
    await page.waitForFunction(() => !window.isDeaf);
    await eventually(() => seen.sockets === 2, 'there is another WebSocket');
    await page.context().close();
  });

  await t.test('what is not a plain poll goes to the network', async () => {
    const { page, seen } = await open('/idle');
    await becomesLocal(page, seen);
    const requests = [
      ['/live/score', { headers: { 'X-Mine': '1' } }],
      ['/live/score', { headers: { Authorization: 'Basic eDp5' } }],
      ['/live/score', { headers: { 'If-None-Match': '"x"' } }],
      ['/live/score', { method: 'POST', body: 'x' }],
      ['/live/score', { method: 'HEAD' }],
      ['/live/score', { cache: 'reload' }],
      ['/live/score', { credentials: 'omit' }],
      ['/live/score?other', {}],
    ];
    for (const [url, init] of requests) {
      const before = seen.requests;
      const status = await page.evaluate(([url, init]) => fetch(url, init).then(({ status }) => status), [url, init]);
      assert.equal(status, 200);
      assert.equal(seen.requests, before + 1, JSON.stringify(init));
    }
    const before = seen.requests;
    await page.evaluate(async () => {
      for (const asks of [
        (xhr) => xhr.open('GET', '/live/score', false),
        (xhr) => { xhr.open('GET', '/live/score'); xhr.setRequestHeader('X-Mine', '1'); },
        (xhr) => { xhr.open('GET', '/live/score'); xhr.overrideMimeType('text/plain'); },
        (xhr) => { xhr.open('GET', '/live/score'); xhr.responseType = 'document'; },
      ]) {
        const xhr = new XMLHttpRequest();
        asks(xhr);
        const ended = new Promise((resolve) => { xhr.onloadend = resolve; });
        xhr.send();
        await ended;
      }
    });
    assert.equal(seen.requests, before + 4);
    await page.context().close();
  });

  await t.test('a page that sent something asks the network, until it is connected anew', async () => {
    const { page, seen } = await open('/idle');
    for (const send of [
      () => fetch('/other', { method: 'POST', body: 'x' }),
      () => new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', '/other');
        xhr.onloadend = resolve;
        xhr.send('x');
      }),
    ]) {
      await becomesLocal(page, seen);
      const before = seen.requests;
      await page.evaluate(send);
      await page.evaluate(() => fetch('/live/score').then(({ status }) => status));
      assert.equal(seen.requests, before + 1);
    }
    await becomesLocal(page, seen);
    await page.context().close();
  });

  await t.test('an answer is what the network would have given', async () => {
    const bodies = {
      '/live/numbers': ['application/json; charset=utf-8', '{ "big": 12345678901234567890.10,\n  "text": "ä,\\"data\\":" }\n'],
      '/live/text': ['text/plain; charset=UTF-8', 'no JSON: {"ö"}'],
      '/live/digits': ['text/html', '12'],
      '/live/bytes': ['application/octet-stream', Buffer.from([0xff, 0, 0xfe])],
      '/live/xml': ['application/xml', '<a><b/></a>'],
    };
    Object.assign(app.bodies, bodies);
    const { page, seen } = await open('/idle');
    const { page: without } = await open('/without');
    for (const path of Object.keys(bodies)) {
      await becomesLocal(page, seen, path);
      const before = seen.requests;
      assert.deepEqual(await page.evaluate(askBothWays, path), await without.evaluate(askBothWays, path), path);
      assert.equal(seen.requests, before);
    }
    await without.context().close();
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  await t.test('XMLHttpRequest: aborted, opened again, and told of in order', async () => {
    const { page, seen } = await open('/fetch');
    await becomesLocal(page, seen);
    const before = seen.requests;
    const told = await page.evaluate(async () => {
      const xhr = new XMLHttpRequest();
      const names = [];
      for (const name of ['readystatechange', 'loadstart', 'load', 'loadend', 'abort', 'error']) {
        xhr.addEventListener(name, () => names.push(name === 'readystatechange' ? xhr.readyState : name));
      }
      const ends = () => new Promise((resolve) => { xhr.addEventListener('loadend', resolve, { once: true }); });
      xhr.open('GET', '/live/score');
      xhr.send();
      xhr.abort();
      names.push('again');
      xhr.open('GET', '/live/score');
      xhr.send();
      await ends();
      const { status } = xhr;
      xhr.open('GET', '/live/score');
      return { names, status, after: [xhr.readyState, xhr.status, xhr.responseText] };
    });
    assert.deepEqual(told, {
      names: [1, 'loadstart', 4, 'abort', 'loadend', 'again', 1, 'loadstart', 2, 3, 4, 'load', 'loadend', 1],
      status: 200,
      after: [1, 0, ''],
    });
    assert.equal(seen.requests, before);
    await page.context().close();
  });

  await t.test('patches are put together', async () => {
    const { page } = await open('/idle');
    const body = (value) => ['application/json', JSON.stringify({ rest: 'x'.repeat(1000), value })];
    const values = [1, { deep: { a: 1, b: [1] } }, { deep: { b: [2, null] } }, [], 'text', 0];
    app.bodies['/live/patched'] = body(values[0]);
    await page.evaluate(() => {
      const Plain = WebSocket;
      window.events = [];
      window.WebSocket = class extends Plain {
        constructor(...args) {
          super(...args);
          this.addEventListener('message', ({ data }) => window.events.push(JSON.parse(data).event));
        }
      };
      window.addEventListener('wherry:change', ({ detail }) => { window.last = detail.data.value; });
      window.wherry.follow('/live/patched');
    });
    for (const value of values) {
      app.bodies['/live/patched'] = body(value);
      await page.waitForFunction((wanted) => JSON.stringify(window.last) === wanted, JSON.stringify(value));
    }
    assert.deepEqual(await page.evaluate(() => window.events), ['message', 'patch', 'patch', 'patch', 'patch', 'patch']);
    await page.context().close();
  });

  await t.test('new code follows what nothing polls', async () => {
    const { page, seen } = await open('/idle');
    await page.evaluate(() => {
      window.seen = [];
      window.addEventListener('wherry:change', ({ detail }) => window.seen.push(detail));
      window.wherry.follow('/live/score');
    });
    await page.waitForFunction(() => window.seen.length === 1);
    app.score++;
    await page.waitForFunction(() => window.seen.length === 2);
    const [first, second] = await page.evaluate(() => window.seen);
    assert.deepEqual([second.url, second.data], ['/live/score', { score: app.score }]);
    assert.ok(Number(second.id) > Number(first.id));
    assert.equal(seen.requests, 0);
    await page.context().close();
  });
});

/** In the page: everything that a poll shows, by fetch and by XMLHttpRequest. */
async function askBothWays(path) {
  const fields = (headers) => ['content-type', 'x-app'].map((name) => headers.get(name));
  const response = await fetch(path);
  const all = {
    fetch: [response.status, response.statusText, response.url, response.redirected, response.ok, fields(response.headers)],
    bytes: [...new Uint8Array(await response.arrayBuffer())],
  };
  for (const type of ['', 'text', 'json', 'blob', 'arraybuffer']) {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', path);
    xhr.responseType = type;
    const ended = new Promise((resolve) => { xhr.onloadend = resolve; });
    xhr.send();
    await ended;
    const { status, statusText, responseURL, response } = xhr;
    const body = type === 'blob' ? await response.text()
      : type === 'arraybuffer' ? [...new Uint8Array(response)] : response;
    const xml = type === '' && xhr.responseXML ? xhr.responseXML.documentElement.outerHTML : null;
    const text = type === '' ? xhr.responseText : null;
    const field = /^x-app: .*$/m.exec(xhr.getAllResponseHeaders())[0].trim();
    all[`xhr ${type}`] = [status, statusText, responseURL, body, text, xml, xhr.getResponseHeader('X-App'), field];
  }
  return all;
}
