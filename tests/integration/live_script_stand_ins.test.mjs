// SPDX-License-Identifier: MIT
// What answers polls in the page is, to the page, what browsers have: each test does the same
// in a page with live.js and in one without.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { becomesLocal, start, withoutPages } from './support/live_script.mjs';

test('stand-ins', { skip: withoutPages }, async (t) => {
  const app = await start(t);
  const { page, seen } = await app.open('/idle');
  const { page: without } = await app.open('/without');

  /** Nothing of it may be seen on the network. */
  const isTheSame = (name, does, asked = 0) => t.test(name, async () => {
    await becomesLocal(page, seen);
    const before = seen.requests;
    const result = await page.evaluate(does);
    assert.deepEqual(result, await without.evaluate(does));
    assert.equal(seen.requests, before + asked);
    assert.deepEqual(page.errors, []);
  });

  await isTheSame('fetch: an answer, its clones, and what can be read once', async () => {
    const response = await fetch('live/score#part', { cache: 'no-store' });
    const parts = ({ url, type, status, ok, redirected, bodyUsed }) => ({ url, type, status, ok, redirected, bodyUsed });
    const clones = [response.clone(), response.clone().clone()];
    const bodies = [await response.json(), ...await Promise.all(clones.map((one) => one.json()))];
    const error = await response.json().catch(({ name }) => name);
    return { first: parts(response), clones: clones.map(parts), bodies, error };
  });

  await isTheSame('fetch: with Request, URL, and a base of the document', async () => {
    const base = document.head.appendChild(document.createElement('base'));
    base.href = '/live/';
    const texts = [];
    for (const input of ['score', new URL('/live/score', location), new Request('score', { headers: { Accept: 'x' } })]) {
      const answer = await fetch(input);
      texts.push(answer.url, await answer.text());
    }
    base.remove();
    return texts;
  });

  await isTheSame('fetch: aborted at once, later, and with a reason', async () => {
    const errors = [];
    for (const reason of [undefined, 'mine']) {
      for (const ask of [(signal) => fetch('/live/score', { signal }), (signal) => fetch(new Request('/live/score', { signal }))]) {
        const control = new AbortController();
        const asked = ask(control.signal).catch((error) => error.name || error);
        control.abort(reason);
        errors.push(await asked, await ask(control.signal).catch((error) => error.name || error));
      }
    }
    return errors;
  });

  await isTheSame('fetch: what is wrong', () => Promise.all([
    fetch('http://[').catch(({ name }) => name),
    fetch(`${location.protocol}//user:secret@${location.host}/live/score`).catch(({ name }) => name),
    fetch('/live/score', { method: 'GET', body: 'x' }).catch(({ name }) => name),
  ]));

  await isTheSame('XMLHttpRequest: each event, and what is to be seen at it', async () => {
    const logs = {};
    for (const type of ['', 'text', 'json', 'blob']) {
      const xhr = new XMLHttpRequest();
      const log = logs[type || 'none'] = [];
      const tryTo = (get) => { try { return get(); } catch ({ name }) { return name; } };
      const look = ({ type, loaded }) => {
        const line = JSON.stringify([type, loaded, xhr.readyState, xhr.status, xhr.responseURL, tryTo(() => xhr.responseText), typeof xhr.response,
          tryTo(() => xhr.responseXML), xhr.getResponseHeader('X-App')]);
        if (log.at(-1) !== line) log.push(line); // a body may come in pieces
      };
      for (const name of ['loadstart', 'progress', 'load', 'loadend', 'timeout', 'error', 'abort']) xhr.addEventListener(name, look);
      xhr.upload.onloadend = () => log.push('upload');
      xhr.onreadystatechange = look;
      xhr.open('GET', '/live/score#part', true);
      Object.assign(xhr, { responseType: type, timeout: 60e3, withCredentials: true });
      xhr.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
      xhr.send();
      await new Promise((resolve) => { xhr.addEventListener('loadend', resolve); });
    }
    return logs;
  });

  await isTheSame('XMLHttpRequest: the same one again, aborted, and used wrongly', async () => {
    const xhr = new XMLHttpRequest();
    const log = [];
    const tryTo = (name, ...args) => { try { xhr[name](...args); } catch (error) { log.push(`${name}: ${error.name}`); } };
    for (const name of ['readystatechange', 'loadstart', 'load', 'loadend', 'abort']) {
      xhr.addEventListener(name, () => log.push(`${name} ${xhr.readyState} ${xhr.status} ${xhr.responseText}`));
    }
    const ends = () => new Promise((resolve) => { xhr.addEventListener('loadend', resolve, { once: true }); });
    xhr.open('GET', '/live/score');
    xhr.abort();
    xhr.send();
    tryTo('send');
    tryTo('setRequestHeader', 'X-Mine', '1');
    await ends();
    tryTo('send');
    xhr.abort();
    log.push(xhr.readyState, xhr.status, xhr.responseURL);
    tryTo('send');
    xhr.open('GET', '/live/score');
    xhr.send();
    xhr.abort();
    log.push(xhr.readyState);
    tryTo('send');
    xhr.open('GET', '/live/score');
    log.push(xhr.readyState);
    xhr.send();
    await ends();
    tryTo('open', 'GET', 'http://[');
    return log;
  });

  await isTheSame('XMLHttpRequest: a URL is of the time when it was opened', async () => {
    const base = document.head.appendChild(document.createElement('base'));
    base.href = '/live/';
    const xhr = new XMLHttpRequest();
    xhr.open('get', 'score');
    base.remove();
    xhr.send();
    await new Promise((resolve) => { xhr.onload = resolve; });
    return [xhr.responseURL, xhr.responseText];
  });

  await isTheSame('XMLHttpRequest: one that is not asynchronous is not', () => [undefined, false, 0].map((isAsync) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', '/live/score', isAsync);
    xhr.send();
    return [xhr.readyState, xhr.responseText];
  }), 3);

  await t.test('an answer has the id of what it shows, and no field of another one', async () => {
    await becomesLocal(page, seen);
    const ask = () => page.evaluate(() => fetch('/live/score').then((answer) => [answer.headers.get('Wherry-Live'), answer.headers.get('ETag')]));
    const [first] = await ask();
    const changed = page.evaluate(() => new Promise((resolve) => {
      document.addEventListener('wherry:change', ({ detail }) => resolve(detail.id), { once: true });
    }));
    app.score++;
    const id = await changed;
    assert.ok(BigInt(id) > BigInt(first));
    assert.deepEqual(await ask(), [id, null]);
  });
});
