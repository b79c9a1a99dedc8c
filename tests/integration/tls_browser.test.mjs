// SPDX-License-Identifier: MIT
// A browser that trusts the certificate opens a page and a WebSocket through Wherry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { cleanup } from './support/cleanup.mjs';
import { startWherry, temporaryDirectory } from './support/wherry.mjs';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const playwright = await import('playwright-core').catch(() => undefined);
const skip = !chromium ? 'there is no chromium' : !playwright ? 'there is no playwright-core' : false;

const PAGE = `<!doctype html><title>page</title><script>
  const socket = new WebSocket('wss://' + location.host + '/ws/');
  socket.onopen = () => socket.send('from the page');
  socket.onmessage = ({ data }) => { document.title = data; socket.close(1000); };
  socket.onclose = ({ code }) => { document.body.append('closed ' + code); };
</script><body></body>`;

/** A browser with a home of its own, whose NSS database trusts that authority. */
async function startBrowser(t, authority) {
  const home = temporaryDirectory(t);
  const database = join(home, '.pki/nssdb');
  mkdirSync(database, { recursive: true });
  execFileSync('certutil', ['-N', '--empty-password', '-d', `sql:${database}`]);
  execFileSync('certutil', ['-A', '-n', 'test', '-t', 'C,,', '-i', authority.cert, '-d', `sql:${database}`]);
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    env: { ...process.env, HOME: home },
    args: ['--no-sandbox', '--host-resolver-rules=MAP www.wherry.test 127.0.0.1'],
  });
  cleanup(t, () => browser.close());
  return browser;
}

test('Chromium', { skip }, async (t) => {
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
  const browser = await startBrowser(t, authority);
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
