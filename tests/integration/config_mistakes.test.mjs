// SPDX-License-Identifier: MIT
// Every mistake of a configuration is one line with its place, all of them in one run, and the
// program does not start.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { runToEnd, temporaryDirectory } from './support/wherry.mjs';

const GOOD = `listeners:
  - address: 127.0.0.1:8080
routes:
  - to: app
upstreams:
  app: { servers: [{ url: "http://127.0.0.1:9000" }] }
`;

const ROWS = [
  // name, text, expected [line, column] of each mistake
  ['an unknown key', `${GOOD}colour: red\n`, [[7, 1]]],
  ['an unknown key inside', GOOD.replace('  - to: app', '  - to: app\n    frobnicate: 1'), [[5, 5]]],
  ['a wrong type', `${GOOD}workers: [1]\n`, [[7, 10]]],
  ['not a number', `${GOOD}workers: many\n`, [[7, 10]]],
  ['out of range', `${GOOD}workers: 100000\n`, [[7, 10]]],
  ['a bad duration', `${GOOD}timeouts: { connect: 5 parsecs }\n`, [[7, 22]]],
  ['a bad size', `${GOOD}limits: { body: huge }\n`, [[7, 17]]],
  ['an address that is a name', GOOD.replace('127.0.0.1:8080', 'example.test'), [[2, 14]]],
  ['an upstream that is not there', GOOD.replace('to: app', 'to: nowhere'), [[4, 9]]],
  ['an unused upstream', `${GOOD}  spare: { servers: ["http://127.0.0.1:1"] }\n`, [[7, 3]]],
  ['a key twice', `${GOOD}workers: 1\nworkers: 2\n`, [[8, 1]]],
  ['several at once', `${GOOD}colour: red\nworkers: many\nlimits: { body: huge }\n`, [[7, 1], [8, 10], [9, 17]]],
  ['no listeners', GOOD.slice(GOOD.indexOf('routes')), [null]],
  ['broken YAML', `${GOOD}log: { format: json\n`, [null]],
  ['an empty file', '', [null]],
];

test('mistakes', async (t) => {
  const file = join(temporaryDirectory(t), 'wherry.yaml');
  for (const [name, text, expected] of ROWS) {
    for (const command of ['check', 'run']) {
      await t.test(`${name}, wherry ${command}`, async (t2) => {
        writeFileSync(file, text);
        const { code, stderr } = await runToEnd(t2, [command, '-c', file]);
        assert.equal(code, 1, stderr);
        const places = stderr.trimEnd().split('\n').map((line) => {
          const match = line.match(/^(.+?)(?::(\d+):(\d+))?: (.+)$/);
          assert.equal(match?.[1], file, line);
          return match[2] ? [Number(match[2]), Number(match[3])] : null;
        });
        if (expected[0] === null) assert.ok(places.length >= 1);
        else assert.deepEqual(places, expected, stderr);
      });
    }
  }

  await t.test('the message says what was expected and found', async (t2) => {
    writeFileSync(file, `${GOOD}workers: many\n`);
    const { stderr } = await runToEnd(t2, ['check', '-c', file]);
    assert.match(stderr, /\(expected .+, found .*many.*\)/);
  });
});
