// SPDX-License-Identifier: MIT
// An issuer of JSON Web Tokens: keys, key sets, and tokens signed by node:crypto.

import { constants, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const base64url = (data) => Buffer.from(data).toString('base64url');

export const secondsFromNow = (offset) => Math.floor(Date.now() / 1000) + offset;

/** Any header and claims, and whatever signer gives for them. */
export function tokenOf(header, claims, signer) {
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  return `${input}.${base64url(signer(input))}`;
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

function makePair(alg) {
  if (alg.startsWith('HS')) {
    const secret = randomBytes(64);
    const jwk = { kty: 'oct', k: secret.toString('base64url') };
    return { jwk, signer: (input) => createHmac(`sha${alg.slice(2)}`, secret).update(input).digest() };
  }
  const isCurve = alg.startsWith('ES');
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg];
  const { publicKey, privateKey } = isCurve
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const options = isCurve ? { dsaEncoding: 'ieee-p1363' } : alg.startsWith('PS') ? PSS : {};
  return {
    jwk: publicKey.export({ format: 'jwk' }),
    publicKey,
    signer: (input) => sign(`sha${alg.slice(2)}`, input, { key: privateKey, ...options }),
  };
}

/** A key with that algorithm and name: sign(claims, header) gives a token for an hour. */
export function makeKey(alg, kid) {
  const { jwk, publicKey, signer } = makePair(alg);
  return {
    alg,
    publicKey,
    signer,
    jwk: { ...jwk, alg, kid },
    sign: (claims = {}, header = {}) =>
      tokenOf({ alg, kid, ...header }, { exp: secondsFromNow(3600), ...claims }, signer),
  };
}

/** Writes a key set for wherry.yaml to name; not open to others, as secrets ask for. */
export function writeKeySet(directory, keys, name = 'keys.json') {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify({ keys: keys.map((key) => key.jwk ?? key) }));
  chmodSync(path, 0o600);
  return name;
}
