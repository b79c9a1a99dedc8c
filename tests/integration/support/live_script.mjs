// SPDX-License-Identifier: MIT
// Pages with the script for live URLs, in a browser, and what they ask of the network.

import { existsSync, readFileSync } from 'node:fs';

import { httpBackend } from './backends.mjs';
import { openPage, startBrowser, withoutBrowser } from './browser.mjs';
import { root } from './build.mjs';
import { eventually } from './deadline.mjs';
import { startWherry } from './wherry.mjs';

const jquery = [`${root}examples/node_modules/jquery/dist/jquery.min.js`, '/usr/share/javascript/jquery/jquery.min.js']
  .find(existsSync);

export const withoutPages = withoutBrowser || (!jquery && 'there is no jquery');

const page = (script) => `<!doctype html><title>page</title><script src="/.wherry/live.js"></script>
<script src="/jquery.js"></script><script>${script}</script><body></body>`;

/** For pages: time that goes on by hand, as a clock shows it and as it is counted. */
export const skippedTime = `
  const shownTime = Date.now, countedTime = performance.now.bind(performance);
  window.skipped = 0;
  window.slept = 0;
  performance.now = () => countedTime() + window.skipped;
  Date.now = () => shownTime() + window.slept;`;

/** The same: what is done twice a minute is done all the time. */
export const shortIntervals = `
  const longInterval = window.setInterval;
  window.setInterval = (does, milliseconds) => longInterval(does, milliseconds / 300);`;

/** Hears nothing any more when told so, until the next one is made. */
export const deafWebSocket = `
  window.WebSocket = class extends WebSocket {
    constructor(...args) { super(...args); window.isDeaf = false; }
    set onmessage(take) { super.onmessage = (event) => window.isDeaf || take(event); }
  };`;

// Each shows what it got last in its title.
const pages = {
  '/fetch': page(`(async function poll() {
    try {
      const answer = await fetch('/live/score', { cache: 'no-store' });
      document.title = answer.ok ? (await answer.json()).score : 'status ' + answer.status;
    } catch (error) {
      document.title = error.name;
    }
    setTimeout(poll, 50);
  })();`),
  '/jquery': page(`(function poll() {
    $.ajax({ url: 'live/score', dataType: 'json', cache: false })
      .done(function (data, _, xhr) { document.title = data.score; })
      .fail(function (xhr, text) { document.title = text; })
      .always(function () { setTimeout(poll, 50); });
  })();`),
  '/many': page(`window.shown = {};
  (async function poll() {
    for (const path of ['/live/score', '/live/other?x=1']) {
      shown[path] = await fetch(path).then((answer) => answer.text()).catch((error) => error.name);
    }
    setTimeout(poll, 50);
  })();
  (function poll() {
    $.get('/live/third').done(function (text) { shown['/live/third'] = text; }).always(function () { setTimeout(poll, 50); });
  })();`),
  '/own': page(`(async function poll() {
    document.title = await fetch('/own/name').then((answer) => answer.text()).catch((error) => error.name);
    setTimeout(poll, 50);
  })();`),
  '/idle': page(''),
  '/strict': page(''),
  '/twice': `<p id="wherry"></p>${page('window.first = window.fetch;')}<script src="/.wherry/live.js"></script>`,
  '/without': '<!doctype html><title>page</title>',
};

/** A backend whose score can be set, a Wherry that makes it live, and a browser. */
export async function start(t) {
  const app = { score: 1, isDown: false, bodies: {} };
  const backend = await httpBackend(t, (request, response) => {
    const path = request.url.split('?')[0];
    if (path === '/log-in') {
      response.writeHead(200, { 'Set-Cookie': 'name=second; Path=/; HttpOnly' }).end();
      return;
    }
    if (path.startsWith('/own/')) app.bodies[path] = ['text/plain', `${/name=(\w+)/.exec(request.headers.cookie)?.[1]}`];
    const [type, body] = path === '/jquery.js' ? ['text/javascript', readFileSync(jquery)]
      : path in pages ? ['text/html', pages[path]]
        : app.bodies[path] ?? ['application/json', JSON.stringify({ score: app.score })];
    const fields = { 'Content-Type': type, 'X-App': 'score' };
    if (path === '/strict') fields['Content-Security-Policy'] = `connect-src ${app.wherry.url}`; // http alone
    response.writeHead(app.isDown ? 503 : 200, fields).end(body);
  });
  const wherry = await startWherry(t, ({ port }) => `
listeners: [{ address: "127.0.0.1:${port}" }]
routes:
  - match: { path: /live/ }
    live: { interval: 50ms, patch: merge }
    to: app
  - match: { path: /own/ }
    live: { interval: 50ms, vary: [Cookie] }
    to: app
  - { to: app }
upstreams: { app: { servers: ["${backend.url}"] } }
`);
  const browser = await startBrowser(t);
  /** A page in a context of its own, and what is seen of it; prepare: a script that runs before its own. */
  const open = async (path, prepare) => {
    const page = await openPage(browser, `${wherry.url}/idle`);
    if (prepare) await page.addInitScript(prepare);
    const seen = watch(page, '/live/');
    await page.goto(`${wherry.url}${path}`);
    return { page, seen };
  };
  return Object.assign(app, { wherry, open });
}

/** What the page asks the network for, of these paths; sockets are counted beside. */
function watch(page, path) {
  const seen = { requests: 0, sockets: 0, streams: 0 };
  page.on('request', (request) => {
    if (!new URL(request.url()).pathname.startsWith(path)) return;
    if (request.resourceType() === 'eventsource') seen.streams++;
    else seen.requests++;
  });
  page.on('websocket', () => seen.sockets++);
  return seen;
}

export const shows = (page, title) => page.waitForFunction((wanted) => document.title === wanted, String(title));

/** Polls are answered, and nothing is seen on the network. */
export async function becomesLocal(page, seen, path = '/live/score') {
  await eventually(async () => {
    const before = seen.requests;
    for (let i = 0; i < 3; i++) await page.evaluate((path) => fetch(path).then(({ status }) => status), path);
    return seen.requests === before;
  }, `polls of ${path} are answered in the page`);
}
