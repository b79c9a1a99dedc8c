// SPDX-License-Identifier: MIT
// The clients of the reload test: WebSockets that send numbered messages and come back when
// they are dropped, and single requests that knock all the time. No library, so that each
// failure is seen as it is.
import { randomBytes } from 'node:crypto';
import net from 'node:net';

const OPCODE = { text: 1, close: 8 };
const COME_BACK_MS = 100;

function frame(text, opcode = OPCODE.text) {
  const payload = Buffer.from(text, 'latin1');
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ mask[i % 4]);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}

class Socket {
  constructor(crowd) {
    this.crowd = crowd;
    this.connect();
  }

  connect() {
    const { port } = this.crowd;
    Object.assign(this, { sent: 0, received: 0, isOpen: false, wasTold: false, input: Buffer.alloc(0) });
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('connect', () => this.socket.write(`GET /ws HTTP/1.1\r\nHost: bench.test\r\n` +
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`));
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.onClose());
  }

  take(data) {
    this.input = Buffer.concat([this.input, data]);
    if (!this.isOpen) {
      const end = this.input.indexOf('\r\n\r\n');
      if (end < 0)
        return;
      this.isOpen = this.input.toString('latin1', 0, 12) === 'HTTP/1.1 101';
      this.input = this.input.subarray(end + 4);
    }
    while (this.isOpen && this.takeFrame());
  }

  takeFrame() {
    if (this.input.length < 2 || this.input.length < 2 + this.input[1])
      return false;
    const payload = this.input.toString('latin1', 2, 2 + this.input[1]);
    if ((this.input[0] & 15) === OPCODE.close)
      this.wasTold = true;
    else if (payload === String(this.received))
      this.received++;
    else
      this.crowd.wrong++;
    this.input = this.input.subarray(2 + this.input[1]);
    return true;
  }

  send() {
    if (this.isOpen && !this.isLeaving)
      this.socket.write(frame(String(this.sent++)));
  }

  // By its own will, to come back as somebody new.
  leave() {
    if (!this.isOpen)
      return;
    this.isLeaving = true;
    this.socket.end(frame('\x03\xe8', OPCODE.close));
  }

  onClose() {
    const { crowd } = this;
    if (crowd.isOver)
      return;
    if (this.isLeaving)
      this.isLeaving = false;
    else if (this.isOpen)
      crowd[this.wasTold ? 'told' : 'cut']++;
    else
      crowd.refused++;
    this.isOpen = false;
    setTimeout(() => crowd.isOver || this.connect(), COME_BACK_MS * (1 + Math.random()));
  }
}

export class Crowd {
  constructor(port, { connections, messagesPerSecond, knocksPerSecond, leavesPerSecond }) {
    Object.assign(this, { port, wrong: 0, told: 0, cut: 0, refused: 0, knocks: 0, isOver: false });
    this.sockets = Array.from({ length: connections }, () => new Socket(this));
    this.cursor = 0;
    const share = Math.ceil(connections * messagesPerSecond / 50);
    this.timers = [
      setInterval(() => this.send(share), 20),
      setInterval(() => this.knock(), 1000 / knocksPerSecond),
      setInterval(() => this.someone().leave(), 1000 / leavesPerSecond),
    ];
  }

  someone() {
    return this.sockets[Math.floor(Math.random() * this.sockets.length)];
  }

  send(share) {
    for (let i = 0; i < share; i++)
      this.sockets[this.cursor++ % this.sockets.length].send();
  }

  // A request on a connection of its own.
  knock() {
    let text = '';
    this.knocks++;
    const socket = net.connect(this.port, '127.0.0.1');
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('connect', () => socket.write('GET /bytes/1024 HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n'));
    socket.on('data', (data) => { text += data.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => { this.refused += this.isOver || text.startsWith('HTTP/1.1 200') ? 0 : 1; });
  }

  get open() {
    return this.sockets.filter(({ isOpen }) => isOpen).length;
  }

  end() {
    this.isOver = true;
    this.timers.forEach(clearInterval);
    for (const { socket } of this.sockets)
      socket.destroy();
  }
}
