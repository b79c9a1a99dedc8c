// SPDX-License-Identifier: MIT
// What access rules add to a handshake: Wherry without them and with rate limits, an origin
// check and a signed token (ES256) to verify, in pairs, under the same requests.
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { measureCpu } from './measure.mjs';
import { stopAll } from './processes.mjs';
import { startProxy } from './proxies.mjs';

const ORIGIN = 'https://bench.test';
const RATE = '1000000/s';

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

// A key set's file, and a token that it verifies.
function makeToken(folder) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = join(folder, 'jwks.json');
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };
  writeFileSync(jwks, JSON.stringify({ keys: [key] }), { mode: 0o600 });
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'bench', iss: 'https://issuer.test', iat: now, exp: now + 24 * 3600 };
  const body = `${encode({ alg: 'ES256', typ: 'JWT', kid: 'bench' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body),
    { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return { jwks, token: `${body}.${signature.toString('base64url')}` };
}

// Each kind of rate, all far above what comes; loopback is no exception here.
function makeGuards(jwks) {
  const rates = ['connections', 'requests', 'websockets'].flatMap((name) =>
    [`${name}: ${RATE}`, `${name}_per_source: ${RATE}`]);
  return {
    origins: `["${ORIGIN}"]`,
    route: `    jwt: { jwks: ${jwks}, from: [authorization] }
    limits: { requests: ${RATE}, requests_per_source: ${RATE}, concurrent: 10000 }
`,
    limits: `limits: { per_source: 10000, exempt: [], rates: { ${rates.join(', ')} } }
`,
  };
}

// A sample for each round: what is added, and the ratio of both costs.
export async function measureGuards(bench, kind, item) {
  const { jwks, token } = makeToken(bench.folder);
  const plain = await startProxy(bench, kind);
  const guarded = await startProxy(bench, kind, { guards: makeGuards(jwks) });
  if (guarded === null) {
    await stopAll([plain]);
    return [];
  }
  const load = [...item.load, '--header', `Origin: ${ORIGIN}`,
    '--header', `Authorization: Bearer ${token}`];
  const samples = [];
  for (let round = 0; round < bench.options.rounds; round++) {
    const pair = round % 2 ? [guarded, plain] : [plain, guarded];
    const costs = new Map();
    for (const proxy of pair)
      costs.set(proxy, (await measureCpu(bench, proxy, { load })).value);
    const [without, value] = [costs.get(plain), costs.get(guarded)];
    samples.push({ value: value - without, ratio: value / without, without, with: value, round });
  }
  await stopAll([plain, guarded]);
  return samples;
}
