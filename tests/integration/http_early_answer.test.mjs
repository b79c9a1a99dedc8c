// SPDX-License-Identifier: MIT
// A backend that answers before the upload is complete is heard: its answer reaches a client
// that is still sending.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { flood } from './support/stall.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const UPLOAD = 64 * 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');

for (const status of [401, 413]) {
  for (const ending of ['keeps open', 'closes', 'resets']) {
    test(`an early ${status} from a backend that ${ending}`, async (t) => {
      const backend = await scriptedBackend(t, async (peer) => {
        await readRequest(peer, { body: false });
        peer.stall();
        await peer.send(responseText(status, { Connection: 'close' }, 'no thanks'));
        if (ending === 'closes') peer.end();
        if (ending === 'resets') peer.reset();
      });
      const wherry = await startWherry(t, forwardTo(backend));
      const client = await connect(t, wherry.port);
      await client.send(requestText('POST', '/', { 'Content-Length': UPLOAD }));
      flood(client.socket, BLOCK, UPLOAD);
      const response = await readResponse(client);
      if (ending === 'resets') return void assert.ok([status, 502].includes(response.status));
      assert.equal(response.status, status);
      assert.equal(response.body.toString(), 'no thanks');
      return undefined;
    });
  }
}

test('an early answer does not hurt the next request on another connection', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer, { body: false });
      await peer.send(responseText(request.method === 'POST' ? 401 : 200, {}, request.target));
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const client = await connect(t, wherry.port);
  await client.send(requestText('POST', '/upload', { 'Content-Length': 1000 }, 'GET /smuggled HTTP/1.1\r\n\r\n'));
  assert.equal((await readResponse(client)).status, 401);
  const other = await connect(t, wherry.port);
  const response = await exchange(other, requestText('GET', '/next'));
  assert.deepEqual([response.status, response.body.toString()], [200, '/next']);
});
