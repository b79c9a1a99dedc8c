// SPDX-License-Identifier: MIT
// What is measured, and what Wherry must reach: a ratio to the best of nginx, HAProxy and hitch,
// or an absolute bound. Pure data: `measure` is how (run.mjs), `setup` how the proxies listen,
// which is plain if it is missing, `tool` the load generator.

function echo(name, title, target, size, connections, inFlight) {
  return {
    name, title, measure: 'cpu', unit: size === 1 << 20 ? 'MiB' : 'echo',
    target: { ratio: target },
    load: ['--case', 'echo', '--size', size, '--connections', connections,
      '--in-flight', inFlight],
  };
}

function handshake(name, title, target) {
  return {
    name, title, measure: 'cpu', unit: 'handshake', target,
    load: ['--case', 'handshake', '--connections', 16],
  };
}

function idle(name, title, absolute) {
  return {
    name, title, measure: 'idle', unit: 'B', target: { absolute }, load: ['--case', 'idle'],
  };
}

function overTls(item, shake = 'full') {
  return {
    ...item, name: `tls-${item.name}`, title: `TLS: ${item.title}`, setup: 'tls',
    load: [...item.load, '--tls', shake],
  };
}

// 2,000 pollers of one resource that changes with each request to the backend, 2,000 subscribers
// of one channel.
const crowd = 2000;

const poll = {
  name: 'live', title: '2,000 pollers of one URL, each once a second, 1 KiB', measure: 'cpu',
  unit: 'poll', target: { ratio: 0.8 }, setup: 'live', tool: 'push', leastSeconds: 3,
  load: ['--case', 'poll', '--path', '/counted', '--size', 1024, '--connections', crowd,
    '--rate', 1],
};

function fanout(name, title, rest) {
  return {
    name, title, setup: 'push', tool: 'push', leastSeconds: 3, ...rest,
    load: ['--case', 'fanout', '--path', '/sub', '--publish-path', '/pub', '--size', 200,
      '--connections', crowd, '--rate', 20],
  };
}

const counted = ['--case', 'echo', '--size', 125, '--connections', 64];

export const cases = [
  echo('echo-125', '125 B echo, 64 connections, one at a time', 1.0, 125, 64, 1),
  echo('echo-125-deep', '125 B echo, 16 connections, 64 in flight', 1.0, 125, 16, 64),
  echo('echo-16k', '16 KiB echo, 8 connections, 4 in flight', 0.90, 16 << 10, 8, 4),
  echo('echo-1m', '1 MiB echo, 4 connections', 1.10, 1 << 20, 4, 1),
  handshake('handshake', 'connect + upgrade + echo + close', { ratio: 0.85 }),
  {
    name: 'http-get', title: 'HTTP GET 1 KiB, keep-alive, 64 connections', measure: 'cpu',
    unit: 'request', target: { ratio: 1.0 },
    load: ['--case', 'http-get', '--connections', 64],
  },
  overTls(echo('echo-125', '125 B echo, 64 connections, one at a time', 0.95, 125, 64, 1)),
  overTls(echo('echo-1m', '1 MiB echo, 4 connections', 0.95, 1 << 20, 4, 1)),
  overTls(handshake('handshake', 'full handshake + upgrade + echo + close', { ratio: 0.92 })),
  overTls(handshake('resumed', 'resumed handshake + upgrade + echo + close', { ratio: 0.98 }),
    'resume'),
  {
    ...handshake('guards', 'rate limits, origin check and JWT: added to a plain handshake', {}),
    measure: 'guards',
  },
  idle('idle', 'idle relayed WebSocket: memory (PSS) per connection', 3072),
  overTls(idle('idle', 'idle relayed WebSocket: memory (PSS) per connection', 16384)),
  poll,
  fanout('fanout', '200 B published to 2,000 WebSocket subscribers, 20 times a second',
    { measure: 'cpu', unit: 'delivery', target: { ratio: 0.7 } }),
  fanout('fanout-idle', 'idle WebSocket subscriber: memory (PSS)',
    { measure: 'idle', unit: 'B', target: {}, connections: crowd }),
  {
    name: 'reload', title: 'reload, again and again', measure: 'reload', target: {},
    load: {
      connections: 1000, messagesPerSecond: 4, knocksPerSecond: 100, leavesPerSecond: 20,
      reloads: 20, pauseMs: 1500,
    },
    smoke: {
      connections: 50, messagesPerSecond: 4, knocksPerSecond: 20, leavesPerSecond: 5,
      reloads: 2, pauseMs: 500,
    },
  },
  {
    name: 'syscalls', title: 'system calls per 125 B echo, 64 connections, one at a time',
    measure: 'syscalls', unit: 'calls', target: { absolute: 4.3 }, load: counted,
  },
  {
    name: 'instructions', title: 'user-space instructions per relayed 125 B message',
    measure: 'instructions', unit: 'instructions', target: {}, load: counted,
  },
];
