// SPDX-License-Identifier: MIT
// Certificates made by openssl for one test, in a folder of its own, whose keys belong to the
// user that Wherry becomes.

import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryDirectory } from './wherry.mjs';

const KINDS = {
  ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
};

function userId(name) {
  try {
    return Number(execFileSync('id', ['-u', name], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}

// Started by root, Wherry becomes wherry or nobody: see wherry.yaml(5), user.
const owner = process.getuid() === 0 ? (userId('wherry') ?? userId('nobody')) : undefined;

/** Makes the file Wherry's: only its user may read it. */
export function giveToWherry(path, mode = 0o600) {
  if (owner !== undefined) chownSync(path, owner, owner);
  chmodSync(path, mode);
}

export function openssl(...args) {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An authority with a folder for what it issues. */
export class Authority {
  constructor(t) {
    this.directory = temporaryDirectory(t);
    chmodSync(this.directory, 0o755);
    this.issued = 0;
    Object.assign(this, this.make('ca', ['-subj', '/O=Test/CN=Test CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']));
    this.pem = readFileSync(this.cert);
  }

  path(name) {
    return join(this.directory, name);
  }

  /** An empty folder inside, for certificates that come and go. */
  folder(name) {
    mkdirSync(this.path(name));
    return this.path(name);
  }

  make(stem, more, kind = 'ecdsa') {
    const cert = this.path(`${stem}.pem`);
    const key = this.path(`${stem}.key`);
    openssl('req', '-x509', '-nodes', ...KINDS[kind], '-keyout', key, '-out', cert, '-days', '30', ...more);
    chmodSync(cert, 0o644);
    giveToWherry(key);
    return { cert, key };
  }

  /**
   * A certificate for the names, the first of which is its common name. Its file has the
   * authority's behind it.
   */
  issue(names, { kind = 'ecdsa', stem = `leaf-${++this.issued}` } = {}) {
    const [common] = names;
    const alternatives = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
    const pair = this.make(stem, [
      '-CA', this.cert, '-CAkey', this.key, '-subj', `/O=Test/CN=${common}`, '-addext', `subjectAltName=${alternatives}`,
      '-addext', 'basicConstraints=critical,CA:FALSE',
    ], kind);
    const leaf = readFileSync(pair.cert, 'utf8');
    writeFileSync(pair.cert, leaf + this.pem);
    const { serialNumber, fingerprint256 } = new X509Certificate(leaf);
    return { ...pair, serialNumber, fingerprint256 };
  }

  /** A client's certificate that ends at that time: by ca, for which alone that can be said. */
  issueUntil(name, end) {
    const [cert, key, request] = ['pem', 'key', 'csr'].map((kind) => this.path(`${name}.${kind}`));
    const settings = this.path('ca.cnf');
    writeFileSync(this.path('index.txt'), '');
    writeFileSync(settings, `[ca]\ndefault_ca = own\n[own]\nnew_certs_dir = ${this.directory}\n`
      + `database = ${this.path('index.txt')}\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n`);
    openssl('req', '-new', '-nodes', ...KINDS.ecdsa, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
    openssl('ca', '-batch', '-notext', '-config', settings, '-cert', this.cert, '-keyfile', this.key, '-in', request, '-out', cert,
      '-startdate', '20200101000000Z', '-enddate', end.toISOString().replace(/[-:T]|\.\d+/g, ''));
    return { cert, key };
  }
}

/** The listeners of a configuration: one, with these pairs. more: lines of its tls block. */
export function tlsListener(port, pairs, more = '') {
  const certificates = pairs.map(({ cert, key }) => `{ cert: "${cert}", key: "${key}" }`);
  const lines = more.split('\n').map((line) => `      ${line}`);
  return `
listeners:
  - address: 127.0.0.1:${port}
    tls:
      certificates: [${certificates.join(', ')}]
${lines.join('\n')}
`;
}
