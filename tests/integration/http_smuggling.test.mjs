// SPDX-License-Identifier: MIT
// Inputs that two parsers could read differently, whole and byte by byte, plain and over TLS:
// the verdict must be the required one, and the backend must have received nothing that was
// not meant for it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';

import { scriptedBackend } from './support/backends.mjs';
import { root } from './support/build.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect, Peer } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const FORBIDDEN = /^(GET|POST) \/(b|x|smug|internal)\b|evil|EVIL/m;
const ESCAPES = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };

function unescape(text) {
  return text.replace(/\\(x[0-9a-f]{2}|.)/gi, (_, code) =>
    code.length === 3 ? String.fromCharCode(parseInt(code.slice(1), 16)) : ESCAPES[code]);
}

function readCorpus() {
  const lines = readFileSync(`${root}tests/data/smuggling-corpus.txt`, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [name, verdict, , , , bytes] = line.split(' | ');
    return { name, verdict, bytes: unescape(bytes) };
  });
}

const corpus = readCorpus();

/** A backend that reads requests strictly and keeps each, with all bytes of its connection. */
async function strictBackend(t) {
  const seen = [];
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer).catch(() => null);
      if (!request) return void peer.end();
      seen.push(request);
      await peer.send(responseText(200, { 'X-From': 'backend' }));
    }
  });
  return Object.assign(backend, { seen });
}

function methodOf(bytes) {
  return bytes.trimStart().split(/[ \t]/)[0];
}

/** Wherry before the backend, and how to connect to it. */
const WAYS = {
  async plain(t, backend) {
    const wherry = await startWherry(t, forwardTo(backend));
    return () => connect(t, wherry.port);
  },
  async TLS(t, backend) {
    const authority = new Authority(t);
    const pair = authority.issue(['localhost']);
    const wherry = await startWherry(t, ({ port }) => tlsListener(port, [pair]) + forwardTo(backend));
    return async () => {
      const socket = tls.connect({
        port: wherry.port, host: '127.0.0.1', ca: authority.pem, servername: 'localhost', allowHalfOpen: true });
      await once(socket, 'secureConnect');
      return new Peer(socket);
    };
  },
};

async function requestsOfTheCorpus(t, way) {
  const backend = await strictBackend(t);
  const open = await WAYS[way](t, backend);

  async function verdictOn({ name, bytes }, send) {
    backend.seen.length = 0;
    const peer = await open();
    await peer[send](bytes);
    peer.end();
    const response = await readResponse(peer, { method: methodOf(bytes) }).catch(() => null);
    await peer.closed().catch(() => {});
    peer.destroy();
    for (const request of backend.seen) {
      assert.doesNotMatch(request.head, FORBIDDEN, `${name}: the backend got another request`);
      assert.doesNotMatch(request.head, /[^\r]\n|\r[^\n]|\0/, `${name}: the backend got bare control bytes`);
    }
    return { status: response?.status, requests: [...backend.seen] };
  }

  const checks = {
    reject({ status, requests }) {
      assert.ok([400, 403, 404, 405, 413, 414, 417, 426, 431, 501, 505].includes(status), `status ${status}`);
      assert.equal(requests.length, 0, 'no whole request reaches a backend');
    },
    accept({ status, requests }) {
      assert.equal(status, 200);
      assert.equal(requests.length, 1);
    },
    either({ status, requests }) {
      assert.equal(requests.length, status === 200 ? 1 : 0, `status ${status}`);
    },
    'no-upgrade'({ status, requests }) {
      assert.equal(status, 200);
      assert.equal(requests[0].headers.has('upgrade'), false);
      assert.doesNotMatch(requests[0].headers.get('connection') ?? '', /upgrade/i);
    },
    'drop-header'({ status, requests }) {
      assert.equal(status, 200);
      assert.deepEqual(requests[0].trailers ?? [], []);
    },
    hold({ requests }) {
      assert.equal(requests.length, 1, 'the handshake alone');
    },
  };

  for (const row of corpus.filter(({ name }) => !name.startsWith('R: '))) {
    for (const send of ['send', 'sendByteByByte']) {
      await t.test(`${row.name}: ${row.verdict}, ${send}`, async () => {
        checks[row.verdict](await verdictOn(row, send));
      });
    }
  }
}

test('requests of the corpus', (t) => requestsOfTheCorpus(t, 'plain'));
test('requests of the corpus, over TLS', (t) => requestsOfTheCorpus(t, 'TLS'));

test('the framing that is forwarded is our own', async (t) => {
  const backend = await strictBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const ask = async (fields, body) => {
    const response = await exchange(await connect(t, wherry.port), requestText('POST', '/', fields, body));
    return { status: response.status, request: backend.seen.at(-1) };
  };
  const tab = await ask(['Content-Length:\t4'], 'abcd');
  assert.match(tab.request.head, /\r\ncontent-length: 4\r\n/i);
  const zeros = await ask(['Content-Length: 0004'], 'abcd');
  if (zeros.status === 200) assert.match(zeros.request.head, /\r\ncontent-length: 4\r\n/i);
  const capitals = await ask(['tRANSFER-eNCODING: cHUNKED'], '4;ext=1\r\nabcd\r\n0\r\nX: y\r\n\r\n');
  assert.match(capitals.request.head, /\r\ntransfer-encoding: chunked\r\n/i);
  assert.equal(capitals.request.body.toString(), 'abcd');
});

test('responses of the corpus', async (t) => {
  let answer = '';
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer).catch(() => null);
      if (!request) return void peer.end();
      if (request.target === '/healthy') {
        await peer.send(responseText(200, {}, 'healthy'));
        continue;
      }
      const { send, bytes, isSent } = answer; // of this row: the next one may have begun when it is sent
      await peer[send](bytes);
      isSent();
      return void peer.end();
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));

  for (const row of corpus.filter(({ name }) => name.startsWith('R: '))) {
    for (const send of ['send', 'sendByteByByte']) {
      await t.test(`${row.name}: ${row.verdict}, ${send}`, async () => {
        const sent = new Promise((resolve) => (answer = { bytes: row.bytes, send, isSent: resolve }));
        const peer = await connect(t, wherry.port);
        const response = await exchange(peer, requestText('GET', '/'));
        // A 101 that nobody asked for is a bad answer, even if it looks right.
        const verdict = row.bytes.includes(' 101 ') ? 'reject' : row.verdict;
        if (verdict === 'reject') assert.equal(response.status, 502);
        if (verdict === 'accept') assert.notEqual(response.status, 502);
        assert.doesNotMatch(response.head, /upgrade/i);
        assert.doesNotMatch(response.head + response.body, FORBIDDEN);
        // What comes after the next request can't be told from its answer, by anyone.
        if (verdict === 'accept') await sent;
        const isLast = peer.isOver || response.headers.get('connection') === 'close';
        const next = isLast ? await connect(t, wherry.port) : peer;
        const healthy = await exchange(next, requestText('GET', '/healthy'));
        assert.equal(healthy.body.toString(), 'healthy', 'no surplus byte reaches the next request');
      });
    }
  }
});

test('the parsers never disagree on the corpus', async (t) => {
  const backend = await strictBackend(t);
  const wherry = await startWherry(t, ({ ports }) => `status: 127.0.0.1:${ports[1]}\n${forwardTo(backend)}`, { ports: 2 });
  for (const row of corpus.filter(({ name }) => !name.startsWith('R: '))) {
    const peer = await connect(t, wherry.port);
    await peer.send(row.bytes);
    peer.end();
    await peer.closed();
  }
  const status = await connect(t, wherry.ports[1]);
  const metrics = await exchange(status, requestText('GET', '/metrics', { Host: `127.0.0.1:${wherry.ports[1]}` }));
  assert.match(metrics.body.toString(), /^wherry_parser_disagreement_total 0$/m);
});
