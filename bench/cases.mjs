// SPDX-License-Identifier: MIT
// What is measured, and what Wherry must reach: a ratio to the better of nginx and HAProxy, or
// an absolute bound. Pure data.

function echo(name, title, target, size, connections, inFlight) {
  return {
    name, title, unit: size === 1 << 20 ? 'MiB' : 'echo', target: { ratio: target },
    load: ['--case', 'echo', '--size', size, '--connections', connections,
      '--in-flight', inFlight],
  };
}

export const cpuCases = [
  echo('echo-125', '125 B echo, 64 connections, one at a time', 1.0, 125, 64, 1),
  echo('echo-125-deep', '125 B echo, 16 connections, 64 in flight', 1.0, 125, 16, 64),
  echo('echo-16k', '16 KiB echo, 8 connections, 4 in flight', 0.90, 16 << 10, 8, 4),
  echo('echo-1m', '1 MiB echo, 4 connections', 1.10, 1 << 20, 4, 1),
  {
    name: 'handshake', title: 'connect + upgrade + echo + close', unit: 'handshake',
    target: { ratio: 0.85 }, load: ['--case', 'handshake', '--connections', 16],
  },
  {
    name: 'http-get', title: 'HTTP GET 1 KiB, keep-alive, 64 connections', unit: 'request',
    target: { ratio: 1.0 }, load: ['--case', 'http-get', '--connections', 64],
  },
];

// The load under which system calls and instructions are counted.
export const countedLoad = ['--case', 'echo', '--size', 125, '--connections', 64];

export const cases = [
  ...cpuCases,
  {
    name: 'idle', title: 'idle relayed WebSocket: memory (PSS) per connection',
    unit: 'B', target: { absolute: 3072 },
  },
  {
    name: 'syscalls', title: 'system calls per 125 B echo, 64 connections, one at a time',
    unit: 'calls', target: { absolute: 4.3 },
  },
  {
    name: 'instructions', title: 'user-space instructions per relayed 125 B message',
    unit: 'instructions', target: {},
  },
];
