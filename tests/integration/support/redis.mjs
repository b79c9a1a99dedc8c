// SPDX-License-Identifier: MIT
// A real redis-server on loopback that can be killed and started again, with its data or
// without.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

import { cleanup } from './cleanup.mjs';
import { eventually, within } from './deadline.mjs';
import { freePorts, temporaryDirectory } from './wherry.mjs';

/** Why tests of Redis are skipped, if they are. */
export const skip = spawnSync('redis-server', ['--version']).error ? 'no redis-server' : false;

class Redis {
  constructor(port, directory, args) {
    this.port = port;
    this.directory = directory;
    this.socket = join(directory, 'socket');
    this.url = `redis://127.0.0.1:${port}`;
    this.args = args;
  }

  async start() {
    const args = ['--bind', '127.0.0.1', '--port', this.port, '--unixsocket', this.socket, '--dir', this.directory,
      '--save', '', '--appendonly', 'yes', ...this.args];
    // It ends with this process, however that ends.
    const words = ['--pdeathsig', 'KILL', 'redis-server', ...args].map(String);
    this.child = spawn('setpriv', words, { stdio: 'ignore' });
    this.exit = once(this.child, 'exit');
    await eventually(() => this.ask('PING').then((answer) => /PONG|NOAUTH/.test(answer), () => false), 'redis-server answers');
  }

  /** One command by words of its own protocol; the raw answer. */
  ask(...words) {
    return within(new Promise((resolve, reject) => {
      const socket = net.connect(this.port, '127.0.0.1');
      let answer = '';
      socket.setEncoding('utf8').on('error', reject).on('end', () => resolve(answer));
      socket.on('data', (text) => { answer += text; });
      for (const command of [words, ['QUIT']]) {
        socket.write(`*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
      }
    }), `redis-server answers ${words[0]}`);
  }

  async kill() {
    this.child.kill('SIGKILL');
    await within(this.exit, 'redis-server ends');
  }

  async restart({ forget = false } = {}) {
    if (forget) rmSync(join(this.directory, 'appendonlydir'), { recursive: true });
    await this.start();
  }
}

/** args: further ones of redis-server. */
export async function startRedis(t, ...args) {
  const [port] = await freePorts(1);
  const redis = new Redis(port, temporaryDirectory(t), args);
  cleanup(t, () => redis.kill());
  await redis.start();
  return redis;
}
