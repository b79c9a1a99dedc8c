// SPDX-License-Identifier: MIT
// A page that polls several live URLs needs one WebSocket.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { becomesLocal, shows, start, withoutPages } from './support/live_script.mjs';

test('one WebSocket for a page', { skip: withoutPages }, async (t) => {
  const app = await start(t);
  const { wherry, open } = app;
  const texts = (word) => ['/live/other', '/live/third'].forEach((path) => { app.bodies[path] = ['text/plain', `${word} of ${path}`]; });
  const showsAll = (page, word) => page.waitForFunction((wanted) => window.shown['/live/other?x=1'] === `${wanted} of /live/other`
    && window.shown['/live/third'] === `${wanted} of /live/third`, word);
  const sockets = async () => {
    const items = [];
    await askControl(t, wherry, { verb: 'connections', kind: 'websocket' }, items);
    return items;
  };
  // Those of former pages may still be closing.
  const theSocket = () => eventually(async () => {
    const [one, ...others] = await sockets();
    return one && others.length === 0 && one;
  }, 'there is one WebSocket');
  const all = ['/live/other?x=1', '/live/score', '/live/third'];
  const channels = ['/live/other', '/live/score', '/live/third'];

  await t.test('all that a page polls comes over one WebSocket, which comes back for all', async () => {
    texts('first');
    const { page, seen } = await open('/many');
    const frames = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => frames.push(JSON.parse(payload))));
    await showsAll(page, 'first');
    for (const path of all) await becomesLocal(page, seen, path);
    texts('second');
    await showsAll(page, 'second');
    assert.deepEqual([(await theSocket()).channels.sort(), seen.sockets, seen.streams], [channels, 1, 0]);

    frames.length = 0;
    await askControl(t, wherry, { verb: 'kill', all: true });
    await eventually(() => frames.length === 3, 'it follows all of them again');
    assert.deepEqual(frames.map(({ follow }) => follow).sort(), all);
    assert.ok(frames.every(({ last_event_id: id }) => /^\d+$/.test(id)), JSON.stringify(frames));
    texts('third');
    await showsAll(page, 'third');
    for (const path of all) await becomesLocal(page, seen, path);
    assert.deepEqual([(await theSocket()).channels.sort(), seen.streams], [channels, 0]);
    await page.context().close();
  });

  await t.test('a URL that is refused there is followed by server-sent events, alone', async () => {
    const { page, seen } = await open('/many', `window.WebSocket = class extends WebSocket {
      send(text) {
        const { follow: channel } = JSON.parse(text);
        if (channel !== '/live/third') return super.send(text);
        const data = JSON.stringify({ channel, event: 'status', data: { state: 'refused', status: 403 } });
        setTimeout(() => this.onmessage({ data }));
      }
    };`);
    for (const path of all) await becomesLocal(page, seen, path);
    texts('fourth');
    await showsAll(page, 'fourth');
    assert.deepEqual([seen.sockets, seen.streams], [1, 1]);
    assert.deepEqual((await theSocket()).channels.sort(), channels.slice(0, 2));
    await page.context().close();
  });

  await t.test('a URL that is ended for the operator\'s sake comes back to it', async () => {
    const { page, seen } = await open('/many');
    for (const path of all) await becomesLocal(page, seen, path);
    const answer = await askControl(t, wherry, { verb: 'kill', channel: '/live/third' });
    assert.deepEqual([answer.ok, answer.killed], [true, 1], JSON.stringify(answer));
    await becomesLocal(page, seen, '/live/third');
    texts('fifth');
    await showsAll(page, 'fifth');
    assert.deepEqual([seen.sockets, seen.streams], [1, 0]);
    assert.deepEqual((await theSocket()).channels.sort(), channels);
    await page.context().close();
  });

  await t.test('whoever logs in is shown nothing of who was there before', async () => {
    const { page, seen } = await open('/own', "document.cookie = 'name=first; path=/'");
    await shows(page, 'first');
    await becomesLocal(page, seen, '/own/name');
    await page.evaluate(() => fetch('/own/more')); // known, but not followed yet
    const told = await page.evaluate(async () => {
      await fetch('/log-in', { method: 'POST' });
      const bodies = [];
      for (let i = 0; i < 40; i++) {
        for (const path of ['/own/name', '/own/more']) bodies.push(await fetch(path).then((answer) => answer.text()));
        await new Promise((resolve) => { setTimeout(resolve, 25); });
      }
      return bodies;
    });
    assert.deepEqual([...new Set(told)], ['second']);
    await becomesLocal(page, seen, '/own/name');
    await becomesLocal(page, seen, '/own/more');
    assert.equal(await page.evaluate(() => fetch('/own/name').then((answer) => answer.text())), 'second');
    await page.context().close();
  });

  await t.test('what logs in by XMLHttpRequest is shown nothing of it in its own events', async () => {
    const { page, seen } = await open('/own', "document.cookie = 'name=first; path=/'");
    await shows(page, 'first');
    await becomesLocal(page, seen, '/own/name');
    const told = await page.evaluate(() => new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.onload = () => resolve(fetch('/own/name').then((answer) => answer.text()));
      request.open('POST', '/log-in');
      request.send();
    }));
    assert.equal(told, 'second');
    await page.context().close();
  });

  await t.test('what a socket takes no more of is polled', async () => {
    const { page } = await open('/idle');
    await page.evaluate(() => { for (let i = 0; i < 20; i++) window.wherry.follow(`/live/score?${i}`); });
    await eventually(async () => (await sockets())[0]?.channels.length === 16, 'as many as it may');
    await page.context().close();
    await eventually(async () => (await sockets()).length === 0, 'it goes with its page');
  });
});
