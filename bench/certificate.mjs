// SPDX-License-Identifier: MIT
// The certificate that all proxies under test present: ECDSA P-256, made for one run.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// {certificate, key, both}: files in the folder.
export function makeCertificate(folder) {
  const [certificate, key, both] = ['certificate.pem', 'key.pem', 'both.pem']
    .map((name) => join(folder, name));
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec',
    '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '7', '-subj', '/CN=bench.test',
    '-addext', 'subjectAltName=DNS:bench.test', '-keyout', key, '-out', certificate],
    { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`openssl makes no certificate: ${stderr}`);
  chmodSync(key, 0o600);
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'),
    { mode: 0o600 });
  return { certificate, key, both };
}
