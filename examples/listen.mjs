// SPDX-License-Identifier: MIT
// How every backend of the examples listens: on the loopback, at PORT or its usual port, until
// SIGTERM or Ctrl-C.

export function listen(server, name, usualPort) {
  const port = Number(process.env.PORT ?? usualPort);
  server.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => {
    console.log(`${name} listens on ${server.address().port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
}
