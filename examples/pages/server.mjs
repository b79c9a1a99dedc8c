// SPDX-License-Identifier: MIT
// The pages of all the examples: /NAME/FILE is examples/NAME/public/FILE, / is /pages/, and
// /modules/ has the npm packages that pages import. The backends proper serve no files.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

import { listen } from '../listen.mjs';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The file below examples/ that a path stands for; no name can lead out of its folder. */
function fileOf(path) {
  const page = /^\/([a-z]+)\/([a-z]+\.[a-z]+)?$/.exec(path === '/' ? '/pages/' : path);
  if (page) return `${page[1]}/public/${page[2] ?? 'index.html'}`;
  const module = /^\/modules\/((?:[a-z0-9-]+\/)+[\w.-]+\.m?js)$/.exec(path);
  return module && `node_modules/${module[1]}`;
}

// 'self' covers ws: and wss: of the same host. Import maps can only stand inside of a page: each
// is allowed by its hash.
function policyOf(body) {
  const maps = body.toString().matchAll(/<script type="importmap">([^]*?)<\/script>/g);
  const hashes = Array.from(maps, ([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return `default-src 'self'; script-src ${["'self'", ...hashes].join(' ')}; base-uri 'none'; frame-ancestors 'none'`;
}

async function answer({ url }, response) {
  const { pathname } = new URL(url, 'http://pages');
  const file = fileOf(pathname);
  const body = file && await readFile(new URL(`../${file}`, import.meta.url)).catch(() => null);
  const type = body ? types[extname(file)] : 'text/plain';
  response.setHeader('Content-Type', type);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-cache');
  if (file?.endsWith('.html') && body) response.setHeader('Content-Security-Policy', policyOf(body));
  response.writeHead(body ? 200 : 404).end(body || 'no such page\n');
}

listen(createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
}), 'pages', 9000);
