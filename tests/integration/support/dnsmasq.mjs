// SPDX-License-Identifier: MIT
// A real name server on loopback: dnsmasq, for all names below .test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import dns from 'node:dns/promises';
import { join } from 'node:path';

import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';
import { freePorts, temporaryDirectory } from './wherry.mjs';

class Dnsmasq {
  constructor(t, port) {
    this.port = port;
    this.hosts = join(temporaryDirectory(t), 'hosts');
    this.resolver = new dns.Resolver({ timeout: 1000, tries: 1 });
    this.resolver.setServers([`127.0.0.1:${port}`]);
    this.names = { 'here.test': ['127.0.0.1'] };
    this.write();
    this.child = spawn('/usr/sbin/dnsmasq', [
      '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', `--port=${port}`,
      '--listen-address=127.0.0.1', '--bind-interfaces', '--user=', '--no-resolv', '--no-hosts',
      '--local=/test/', '--local-ttl=1', `--addn-hosts=${this.hosts}`,
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.exit = once(this.child, 'exit');
    this.output = '';
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.output += text; });
    cleanup(t, async () => {
      this.child.kill('SIGTERM');
      await within(this.exit, 'dnsmasq ends');
    });
  }

  write() {
    const lines = Object.entries(this.names).flatMap(([name, list]) => list.map((one) => `${one} ${name}\n`));
    writeFileSync(this.hosts, lines.join(''));
  }

  async find(name) {
    return (await this.resolver.resolve4(name).catch(() => [])).sort().join();
  }

  /** From when this returns, the name leads to these, or, if there are none, does not exist. */
  async set(name, addresses) {
    this.names[name] = addresses;
    this.write();
    this.child.kill('SIGHUP');
    const wanted = [...addresses].sort().join();
    await eventually(async () => (await this.find(name)) === wanted, `${name} is ${wanted}`);
  }
}

export async function startDnsmasq(t) {
  const [port] = await freePorts(1);
  const dnsmasq = new Dnsmasq(t, port);
  await eventually(async () => {
    if (dnsmasq.child.exitCode !== null) throw new Error(`dnsmasq ended:\n${dnsmasq.output}`);
    return (await dnsmasq.find('here.test')) !== '';
  }, 'dnsmasq answers');
  return dnsmasq;
}
