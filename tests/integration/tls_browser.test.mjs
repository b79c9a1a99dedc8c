// SPDX-License-Identifier: MIT
// A browser that trusts the certificate opens a page and a WebSocket through Wherry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { startBrowser, withoutBrowser } from './support/browser.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { startWherry } from './support/wherry.mjs';

const PAGE = `<!doctype html><title>page</title><script>
  const socket = new WebSocket('wss://' + location.host + '/ws/');
  socket.onopen = () => socket.send('from the page');
  socket.onmessage = ({ data }) => { document.title = data; socket.close(1000); };
  socket.onclose = ({ code }) => { document.body.append('closed ' + code); };
</script><body></body>`;

/** Whose NSS database trusts that authority. */
function startTrustingBrowser(t, authority) {
  const prepare = (home) => {
    const database = join(home, '.pki/nssdb');
    mkdirSync(database, { recursive: true });
    execFileSync('certutil', ['-N', '--empty-password', '-d', `sql:${database}`]);
    execFileSync('certutil', ['-A', '-n', 'test', '-t', 'C,,', '-i', authority.cert, '-d', `sql:${database}`]);
  };
  return startBrowser(t, { args: ['--host-resolver-rules=MAP www.wherry.test 127.0.0.1'], prepare });
}

test('Chromium', { skip: withoutBrowser }, async (t) => {
  const authority = new Authority(t);
  const certificate = authority.issue(['www.wherry.test']);
  const pages = await httpBackend(t, (request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(PAGE);
  });
  const sockets = await webSocketBackend(t);
  const wherry = await startWherry(t, ({ port }) => `${tlsListener(port, [certificate])}
routes:
  - { match: { path: /ws/ }, websocket: { origins: same-host }, to: sockets }
  - { match: { path: / }, to: pages }
upstreams:
  pages: { servers: ["${pages.url}"] }
  sockets: { servers: ["${sockets.url}"] }
`);
  const browser = await startTrustingBrowser(t, authority);
  const page = await browser.newPage();

  await t.test('opens a page over TLS 1.3, and a WebSocket from it', async () => {
    const response = await page.goto(`https://www.wherry.test:${wherry.port}/`);
    assert.equal(response.status(), 200);
    const { protocol, issuer } = await response.securityDetails();
    assert.deepEqual([protocol, issuer], ['TLS 1.3', 'Test CA']);
    await page.waitForFunction(() => document.title === 'from the page');
    await page.waitForFunction(() => document.body.textContent.includes('closed 1000'));
    await wherry.accessLine({ path: '/ws/', status: 101, close_code: 1000 });
  });

  await t.test('does not open what it does not trust', async () => {
    const stranger = new Authority(t);
    const other = await startWherry(t, ({ port }) => `${tlsListener(port, [stranger.issue(['www.wherry.test'])])}
routes: [{ to: pages }]
upstreams: { pages: { servers: ["${pages.url}"] } }
`);
    await assert.rejects(page.goto(`https://www.wherry.test:${other.port}/`), /ERR_CERT_AUTHORITY_INVALID/);
  });
});
