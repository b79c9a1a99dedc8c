// SPDX-License-Identifier: MIT
// Senders of webhooks, who sign with node:crypto.

import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes secrets, one a line, for wherry.yaml to name; not open to others. */
export function writeSecrets(directory, secrets, name = 'webhooks.secret') {
  const path = join(directory, name);
  writeFileSync(path, `${secrets.join('\n')}\n`);
  chmodSync(path, 0o600);
  return name;
}

const now = () => Math.floor(Date.now() / 1000);

/** Standard Webhooks by a secret (v1), or by a key (v1a): the line of the secret file, and who signs. */
export function standardSender(kind = 'v1') {
  if (kind === 'v1') {
    const key = randomBytes(32);
    return { secret: `whsec_${key.toString('base64')}`, kind, make: (content) => createHmac('sha256', key).update(content).digest() };
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { secret: `whpk_${raw.toString('base64')}`, kind, make: (content) => sign(null, content, privateKey) };
}

/** The headers of one delivery, signed by each of the senders. */
export function signStandard(senders, body, { id = `msg_${randomUUID()}`, timestamp = now() } = {}) {
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(body)]);
  const signatures = [senders].flat().map(({ kind, make }) => `${kind},${make(content).toString('base64')}`);
  return { 'Webhook-Id': id, 'Webhook-Timestamp': `${timestamp}`, 'Webhook-Signature': signatures.join(' ') };
}

export const hmac = (secret, body, encoding = 'hex') => createHmac('sha256', secret).update(body).digest(encoding);

export function signGitHub(secret, body, { id = randomUUID(), event = 'push' } = {}) {
  return { 'X-Hub-Signature-256': `sha256=${hmac(secret, body)}`, 'X-GitHub-Delivery': id, 'X-GitHub-Event': event };
}
