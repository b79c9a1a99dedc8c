// SPDX-License-Identifier: MIT
// Routes match one canonical spelling of a path; the backend gets the client's own, unless
// the two would name different routes: then nobody gets anything.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

/** A setup whose /admin/ must stay out of reach of any spelling. */
async function guarded(t, paths) {
  const open = await httpBackend(t);
  const wherry = await startWherry(t, `
${paths}
routes:
  - { match: { path: /admin/ }, redirect: { to: /login, status: 302 } }
  - { match: { path: /admin }, redirect: { to: /login, status: 302 } }
  - { match: { path: / }, to: open }
upstreams:
  open: { servers: [{ url: "${open.url}" }] }
`);
  const ask = async (target) => {
    const response = await exchange(await connect(t, wherry.port), requestText('GET', target));
    const isForwarded = response.status === 200;
    return { status: response.status, url: isForwarded ? JSON.parse(response.body).url : null };
  };
  return { open, ask };
}

test('paths', async (t) => {
  const { open, ask } = await guarded(t, '');

  await t.test('pass as they were written', async () => {
    for (const target of [
      '/a%20b', '/%7Euser/', '/a;b=c/d', '/a,b+c', '/@scope%3aname', '/?q=%2f%00#'.slice(0, -1),
      '/a//b', '/x/./y', '/x/../y', '/%E2%82%AC', '/a?b/../admin/', '/a:b',
    ]) {
      assert.deepEqual(await ask(target), { status: 200, url: target }, target);
    }
  });

  await t.test('are refused when they can be read in two ways', async () => {
    for (const target of [
      '/a%2fb', '/a%2Fb', '/a%5cb', '/%00', '/a%0ab', '/a%zz', '/a%', '/a%2', '/a\\b', '/a#b',
      '/../a', '/a/../../b', '/%2e%2e/a', '/%c0%af', '/%e0%80%af',
    ]) {
      assert.deepEqual(await ask(target), { status: 400, url: null }, target);
    }
  });

  await t.test('of a guarded place reach no backend in any spelling', async () => {
    const before = open.requests.length;
    const letters = [...'admin'];
    const spelled = letters.map((letter, i) =>
      `/${letters.slice(0, i).join('')}%${letter.charCodeAt(0).toString(16)}${letters.slice(i + 1).join('')}/x`);
    const all = letters.map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join('');
    for (const target of [
      ...spelled, `/${all}/x`, '/admin/x', '/./admin/x', '/x/../admin/x', '/x/%2e%2e/admin/x', '/x/.%2E/admin/',
      '/%2e/admin/x', '/admin/.', '/admin/..%2fx', '/x/..%2fadmin/', '/%61dmin', '/x/../%61dmin/', '/admin/%2e%2e/admin/x',
      '/x%2f..%2fadmin/y', '/\\admin/x', '/admin\\x', '/x/..\\admin/', '/%c0%ae%c0%ae/admin/x',
    ]) {
      const { status } = await ask(target);
      assert.ok([302, 400].includes(status), `${target}: ${status}`);
    }
    assert.equal(open.requests.length, before);
  });

  await t.test('of a guarded place reach no backend in 500 spellings more', async () => {
    const before = open.requests.length;
    const starts = [
      '/admin', '/./admin', '/%2e/admin', '/.%2f/admin', '/x/../admin', '/x/%2E%2e/admin', '/x/.%2e/admin',
      '/x/y/../../admin', '/x/./../admin', '/x;y/../admin', '/%78/../admin', '/admin/../admin', '/admin/%2e%2e/admin',
      '/admin/./../admin',
    ];
    const letters = ['admin', '%61dmin', 'a%64min', 'ad%6Din', 'adm%69n', 'admi%6e', '%61%64%6d%69%6e'];
    const ends = ['', '/', '/x', '/.', '/./', '/%2e', '/x/..', '/x/%2e%2e/', '?a', '/x?/../'];
    const targets = starts.flatMap((start) => letters.flatMap((word) => ends.map((end) =>
      start.replace(/admin$/, word) + end)));
    assert.ok(targets.length >= 500);
    for (const target of targets) {
      const { status } = await ask(target);
      assert.ok([302, 400].includes(status), `${target}: ${status}`);
    }
    assert.equal(open.requests.length, before);
  });

  await t.test('that would name another route when read plainly are refused', async () => {
    for (const target of ['/admin/../open', '/admin/x/../../open', '/admin/%2e%2e/open']) {
      const { status, url } = await ask(target);
      assert.ok(status === 400 || url === '/open', `${target}: ${status} ${url}`);
    }
  });
});

test('paths.encoded_slash: allow lets %2F through as it is', async (t) => {
  const { ask } = await guarded(t, 'paths: { encoded_slash: allow }');
  assert.deepEqual(await ask('/@scope%2Fname'), { status: 200, url: '/@scope%2Fname' });
  for (const target of ['/x%2f..%2fadmin/', '/admin%2fx']) {
    const { status, url } = await ask(target);
    assert.ok(status !== 200 || url === target, `${target}: ${status} ${url}`);
  }
});

test('paths.forward: canonical sends the spelling that was matched', async (t) => {
  const { ask } = await guarded(t, 'paths: { forward: canonical, merge_slashes: true }');
  for (const [target, expected] of [
    ['/%7euser', '/~user'],
    ['/x/../y', '/y'],
    ['/a//b', '/a/b'],
    ['/a%3fb?c=%3f', '/a%3Fb?c=%3f'],
  ]) {
    assert.deepEqual(await ask(target), { status: 200, url: expected }, target);
  }
});
