// SPDX-License-Identifier: MIT
// A service that decides about each request before the backend hears of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';

import { echoRequest, httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually } from './support/deadline.mjs';
import { upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startNginx } from './support/proxies.mjs';
import { forwardTo, freePorts, startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const GRANTED = ['X-User', 'X-Groups', 'Authorization'];

function configure(auth, backend, { more = '', keys = '', top = '' } = {}) {
  const list = `response_headers: [${GRANTED.join(', ')}]`;
  return `${top}\n${forwardTo(backend, `forward_auth: { url: "${auth}", ${list}${keys} }\n${more}`)}`;
}

/** Decides by the cookie: who it names may pass. */
function guard(request, response) {
  const user = /user=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  if (user === 'redirected') {
    response.writeHead(302, { Location: '/login?from=here', 'Set-Cookie': ['state=1; HttpOnly', 'b=2'] }).end();
  } else if (user === 'unavailable') {
    response.writeHead(503, { 'Retry-After': '7' }).end('down');
  } else if (!user) {
    response.writeHead(401, { 'WWW-Authenticate': 'Form realm="app"', 'Content-Type': 'text/html',
      'Cache-Control': 'private' }).end('<h1>please log in</h1>');
  } else {
    response.writeHead(200, { 'X-User': user, 'X-Groups': ['admins', 'staff'], 'X-Secret': 'mine',
      'Set-Cookie': 'refreshed=1' }).end('ok');
  }
}

test('an auth service', async (t) => {
  const auth = await httpBackend(t, guard);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, configure(`${auth.url}/verify?app=1`, backend));
  const ask = async (fields, path = '/', method = 'GET', body = '') =>
    exchange(await connect(t, wherry.port), requestText(method, path, fields, body));
  const asAnn = ['Cookie: user=ann'];

  await t.test('lets a request pass, and tells the backend what it found', async () => {
    const response = await ask(asAnn, '/page?q=1');
    assert.equal(response.status, 200);
    assert.equal(response.headers.has('set-cookie'), false);
    const seen = JSON.parse(response.body);
    assert.equal(seen.url, '/page?q=1');
    assert.equal(seen.headers['x-user'], 'ann');
    assert.equal(seen.headers['x-groups'], 'admins, staff');
    assert.equal('x-secret' in seen.headers, false);
  });

  await t.test('is told about the request', async () => {
    await ask([...asAnn, 'Content-Length: 5', 'Content-Type: text/plain', 'Accept: text/html', 'If-None-Match: "a"',
      'Range: bytes=0-1', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Uri: /public', 'X_Forwarded_Method: GET',
      'X-Forwarded-Method: GET', 'X-Original: kept', 'Upgrade: h2c', 'HTTP2-Settings: x', 'Authorization: Bearer t',
      'TE: trailers', 'Keep-Alive: 5'], '/page?q=1', 'PUT', 'hello');
    const { method, url, headers } = auth.requests.at(-1);
    assert.equal(method, 'GET');
    assert.equal(url, '/verify?app=1');
    assert.equal(headers.host, `127.0.0.1:${auth.port}`);
    assert.equal(headers['x-forwarded-method'], 'PUT');
    assert.equal(headers['x-forwarded-uri'], '/page?q=1');
    assert.equal(headers['x-forwarded-host'], 'a.test');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers.cookie, 'user=ann');
    assert.equal(headers.authorization, 'Bearer t');
    assert.equal(headers['x-original'], 'kept');
    for (const name of ['content-length', 'transfer-encoding', 'upgrade', 'http2-settings', 'te', 'keep-alive',
      'if-none-match', 'range', 'expect', 'x_forwarded_method']) {
      assert.equal(name in headers, false, name);
    }
    assert.equal(JSON.parse((await ask([...asAnn, 'Content-Length: 5'], '/', 'POST', 'hello')).body).body, 'hello');
  });

  await t.test('nobody else gives its headers to the backend', async () => {
    const { headers } = JSON.parse((await ask([...asAnn, 'X-User: root', 'X_User: root', 'x-groups: root',
      'Authorization: Bearer t'])).body);
    assert.equal(headers['x-user'], 'ann');
    assert.equal(headers['x-groups'], 'admins, staff');
    assert.equal('x_user' in headers, false);
    assert.equal('authorization' in headers, false);
    const asked = auth.requests.at(-1).headers;
    for (const name of ['x-user', 'x_user', 'x-groups']) assert.equal(name in asked, false, name);
    assert.equal(asked.authorization, 'Bearer t');
  });

  await t.test('its refusals are the answer', async () => {
    const before = backend.requests.length;
    const unknown = await ask([]);
    assert.equal(unknown.status, 401);
    assert.equal(unknown.headers.get('www-authenticate'), 'Form realm="app"');
    assert.equal(unknown.headers.get('content-type'), 'text/html');
    assert.equal(unknown.headers.get('cache-control'), 'private');
    assert.equal(unknown.headers.all('date').length, 1);
    assert.equal(unknown.body.toString(), '<h1>please log in</h1>');
    const redirected = await ask(['Cookie: user=redirected']);
    assert.equal(redirected.status, 302);
    assert.equal(redirected.headers.get('location'), '/login?from=here');
    assert.deepEqual(redirected.headers.all('set-cookie'), ['state=1; HttpOnly', 'b=2']);
    const unavailable = await ask(['Cookie: user=unavailable']);
    assert.equal(unavailable.status, 503);
    assert.equal(unavailable.headers.get('retry-after'), '7');
    const head = await ask([], '/', 'HEAD');
    assert.equal(head.status, 401);
    assert.equal((await wherry.accessLine({ status: 503 })).reason, 'refused');
    assert.equal(backend.requests.length, before);
    const line = await wherry.accessLine({ status: 302 });
    assert.equal(line.reason, 'refused');
    assert.match(line.detail, /auth service refused/);
  });

  await t.test('one connection does for many questions, and for the client', async () => {
    const peer = await connect(t, wherry.port);
    const before = auth.sockets.size;
    for (let i = 0; i < 10; i++) {
      assert.equal((await exchange(peer, requestText('GET', '/', i % 2 ? asAnn : []))).status, i % 2 ? 200 : 401);
    }
    assert.ok(auth.sockets.size - before <= 1, `${auth.sockets.size - before} connections`);
  });

  await t.test('pipelined requests with bodies are asked about in turn', async () => {
    const peer = await connect(t, wherry.port);
    const post = (text) => requestText('POST', '/', [...asAnn, `Content-Length: ${text.length}`], text);
    await peer.send(post('one') + post('two') + requestText('GET', '/', asAnn));
    for (const body of ['one', 'two', '']) {
      assert.equal(JSON.parse((await readResponse(peer)).body).body, body);
    }
  });

  await t.test('100 Continue waits for its word', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('POST', '/', [...asAnn, 'Content-Length: 5', 'Expect: 100-continue']));
    assert.match((await peer.readUntil('\r\n\r\n')).toString(), /^HTTP\/1\.1 100 /);
    await peer.send('hello');
    assert.equal(JSON.parse((await readResponse(peer)).body).body, 'hello');
    const refused = await exchange(await connect(t, wherry.port),
      requestText('POST', '/', ['Content-Length: 5', 'Expect: 100-continue']));
    assert.equal(refused.status, 401);
    assert.equal(refused.interim.length, 0);
    assert.equal(refused.headers.get('connection'), 'close');
  });
});

test('request_headers', async (t) => {
  const auth = await httpBackend(t, guard);
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, configure(auth.url, backend, { keys: ', request_headers: [Cookie, X-Kept]' }));
  await exchange(await connect(t, wherry.port), requestText('GET', '/', ['Cookie: user=ann', 'X-Kept: 1', 'X-Other: 1',
    'Authorization: Bearer t', 'User-Agent: me']));
  const { url, headers } = auth.requests[0];
  assert.equal(url, '/');
  assert.equal(headers['x-kept'], '1');
  for (const name of ['x-other', 'authorization', 'user-agent']) assert.equal(name in headers, false, name);
  assert.equal(headers['x-forwarded-method'], 'GET');
});

test('a WebSocket', async (t) => {
  const auth = await httpBackend(t, guard);
  let seen;
  const backend = await webSocketBackend(t, (socket, request) => {
    seen = request;
    socket.on('message', (data) => socket.send(data));
  });
  const wherry = await startWherry(t, configure(auth.url, backend));

  await t.test('is asked about before the upgrade', async () => {
    const client = await connectWebSocket(t, `${wherry.webSocketUrl}/ws?token=1`, { headers: { Cookie: 'user=ann', 'X-User': 'root' } });
    await client.send('hello');
    assert.equal(await client.text(), 'hello');
    assert.equal(seen.headers['x-user'], 'ann');
    const { method, headers } = auth.requests[0];
    assert.equal(method, 'GET');
    assert.equal(headers['x-forwarded-uri'], '/ws?token=1');
    for (const name of Object.keys(headers)) assert.doesNotMatch(name, /^(sec-websocket|upgrade)/);
    client.socket.close(1000);
    await client.closed();
  });

  await t.test('and refused without a word to the backend', async () => {
    const before = backend.sockets.size;
    const response = await exchange(await connect(t, wherry.port), upgradeRequest('/ws'));
    assert.equal(response.status, 401);
    assert.equal(response.body.toString(), '<h1>please log in</h1>');
    assert.equal(response.headers.get('connection'), 'close');
    assert.ok(backend.sockets.size <= before);
  });

  await t.test('frames sent early wait', async () => {
    const peer = await connect(t, wherry.port);
    const mask = Buffer.from([1, 2, 3, 4]);
    const payload = Buffer.from('early').map((byte, i) => byte ^ mask[i % 4]);
    await peer.send(Buffer.concat([Buffer.from(upgradeRequest('/ws', { Cookie: 'user=ann' }), 'latin1'),
      Buffer.from([0x81, 0x85]), mask, payload]));
    assert.equal((await readResponse(peer)).status, 101);
    assert.equal((await peer.readExactly(7)).subarray(2).toString(), 'early');
  });
});

test('without an answer nobody passes', async (t) => {
  const backend = await httpBackend(t);
  const refuse = async (script, status, detail, keys = '') => {
    const auth = await scriptedBackend(t, script);
    const wherry = await startWherry(t, configure(auth.url, backend, { keys }));
    const response = await exchange(await connect(t, wherry.port), requestText('GET', '/'));
    assert.equal(response.status, status);
    const line = await wherry.accessLine({ status });
    assert.match(line.detail, detail);
    assert.equal(line.reason, status === 504 ? 'backend_timeout' : 'backend_lost');
    assert.equal(backend.requests.length, 0);
  };

  await t.test('none there', async () => {
    const [port] = await freePorts(1);
    const wherry = await startWherry(t, configure(`http://127.0.0.1:${port}`, backend));
    assert.equal((await exchange(await connect(t, wherry.port), requestText('GET', '/'))).status, 502);
  });
  await t.test('one whose certificate nobody vouches for', async () => {
    const folder = temporaryDirectory(t);
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
      '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    { stdio: 'ignore' });
    let asked = 0;
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      asked++;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup(t, () => server.close());
    const wherry = await startWherry(t, configure(`https://127.0.0.1:${server.address().port}/verify`, backend));
    assert.equal((await exchange(await connect(t, wherry.port), requestText('GET', '/'))).status, 502);
    assert.equal(asked, 0);
    await eventually(() => /self-signed/.test(wherry.stderr), 'the reason in the log');
  });
  await t.test('silent', () => refuse(async () => {}, 504, /no answer in time/, ', timeout: 200ms'));
  await t.test('silent after the head', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
  }, 504, /no answer in time/, ', timeout: 200ms'));
  await t.test('a drop at a time', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    const timer = setInterval(() => peer.socket.write('x'), 30);
    await peer.over();
    clearInterval(timer);
  }, 504, /no answer in time/, ', timeout: 500ms'));
  await t.test('gone', () => refuse(async (peer) => {
    await readRequest(peer);
    peer.destroy();
  }, 502, /closed before/));
  await t.test('gone in its body', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
    peer.end();
  }, 502, /closed before/));
  await t.test('no HTTP', () => refuse((peer) => peer.send('SSH-2.0-OpenSSH\r\n\r\n'), 502, /broke HTTP/));
  await t.test('a switch', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  }, 502, /broke HTTP/));
  await t.test('too long a page', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send(responseText(403, {}, 'x'.repeat(65537)));
  }, 502, /longer than 64 KiB/));
  await t.test('too long an assent', () => refuse(async (peer) => {
    await readRequest(peer);
    await peer.send(responseText(200, {}, 'x'.repeat(65537)));
  }, 502, /longer than 64 KiB/));
});

test('odd answers that are in order', async (t) => {
  const answers = {
    '/interim': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-User: early\r\n\r\n'
      + 'HTTP/1.1 204 No Content\r\nX-User: ann\r\n\r\n',
    '/chunked': 'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nsorry\r\n0\r\nX: 1\r\n\r\n',
    '/longest': responseText(403, {}, 'x'.repeat(65536)),
    '/until-close': 'HTTP/1.1 403 No\r\n\r\nbye',
    '/hop': 'HTTP/1.1 403 No\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\nContent-Length: 0\r\n\r\n',
  };
  const auth = await scriptedBackend(t, async (peer) => {
    const { headers } = await readRequest(peer);
    await peer.send(answers[headers.get('x-forwarded-uri')]);
    peer.end();
  });
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, configure(auth.url, backend));
  const ask = async (path) => exchange(await connect(t, wherry.port), requestText('GET', path));

  await t.test('interim ones are passed over', async () => {
    assert.equal(JSON.parse((await ask('/interim')).body).headers['x-user'], 'ann');
  });
  await t.test('chunks come as one piece', async () => {
    const response = await ask('/chunked');
    assert.equal(response.headers.get('content-length'), '5');
    assert.equal(response.headers.has('transfer-encoding'), false);
    assert.equal(response.body.toString(), 'sorry');
  });
  await t.test('64 KiB are passed on', async () => assert.equal((await ask('/longest')).body.length, 65536));
  await t.test('a body up to the end', async () => assert.equal((await ask('/until-close')).body.toString(), 'bye'));
  await t.test('hop-by-hop fields are its own', async () => {
    const response = await ask('/hop');
    assert.equal(response.status, 403);
    for (const name of ['x-hop', 'keep-alive', 'proxy-authenticate']) assert.equal(response.headers.has(name), false, name);
  });
});

test('while it thinks', async (t) => {
  const questions = []; // the connection each came on
  const auth = await scriptedBackend(t, async (peer) => {
    while (await readRequest(peer).catch(() => false)) questions.push(peer);
  });
  const asked = async () => {
    await eventually(() => questions.length > 0, 'a question');
    return questions.shift();
  };
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, configure(auth.url, backend, { keys: ', timeout: 30s' }));

  await t.test('a client that goes ends the question', async () => {
    const client = await connect(t, wherry.port);
    await client.send(requestText('GET', '/'));
    const peer = await asked();
    client.reset();
    await peer.over();
    assert.equal((await wherry.accessLine({ reason: 'client_reset' })).status, 0);
  });

  await t.test('a client that closed halfway still gets its answer', async () => {
    const client = await connect(t, wherry.port);
    await client.send(requestText('GET', '/'));
    client.end();
    await (await asked()).send(responseText(200));
    assert.equal((await readResponse(client)).status, 200);
  });

  await t.test('its body waits, however long it is', async () => {
    const client = await connect(t, wherry.port);
    const body = 'x'.repeat(16 * 1024 * 1024);
    client.socket.write(requestText('POST', '/', { 'Content-Length': body.length }, body));
    const peer = await asked();
    assert.equal(backend.requests.length, 1);
    await peer.send(responseText(200));
    assert.equal(JSON.parse((await readResponse(client)).body).body.length, body.length);
  });

  await t.test('a stop does not wait for it', async () => {
    const client = await connect(t, wherry.port);
    await client.send(requestText('GET', '/'));
    await asked();
    wherry.signal('SIGTERM');
    await client.over();
    await wherry.ended();
  });
});

test('it is asked after the password, and told the user', async (t) => {
  const auth = await httpBackend(t, (request, response) => {
    response.writeHead(request.headers['x-login'] === 'ann' ? 200 : 403, { 'X-User': 'Ann' }).end();
  });
  const backend = await httpBackend(t);
  const users = join(temporaryDirectory(t), 'users');
  writeFileSync(users, 'ann:$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm\n', { mode: 0o600 });
  const wherry = await startWherry(t, configure(auth.url, backend,
    { more: `basic_auth: { file: "${users}", forward: X-Login }` }));
  const ask = async (fields) => exchange(await connect(t, wherry.port), requestText('GET', '/', fields));

  assert.equal((await ask(['X-Login: ann'])).status, 401);
  assert.equal(auth.requests.length, 0);
  const login = `Authorization: Basic ${Buffer.from('ann:x').toString('base64')}`;
  for (let i = 0; i < 2; i++) { // hashed, and remembered
    const { headers } = JSON.parse((await ask([login, 'X-Login: root'])).body);
    assert.equal(headers['x-login'], 'ann');
    assert.equal(headers['x-user'], 'Ann');
  }
  assert.equal(auth.requests[0].headers['x-login'], 'ann');
});

test('nginx as the auth service', async (t) => {
  const nginx = await startNginx(t, {
    http: ([port]) => `server {
      listen 127.0.0.1:${port};
      location /verify {
        if ($cookie_key = "right") { add_header X-User "from nginx"; return 204; }
        return 401;
      }
    }`,
  });
  const backend = await httpBackend(t, echoRequest);
  const wherry = await startWherry(t, configure(`http://127.0.0.1:${nginx.port}/verify`, backend));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 3; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/', ['Cookie: key=wrong']))).status, 401);
    const response = await exchange(peer, requestText('GET', '/', ['Cookie: key=right']));
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(response.body).headers['x-user'], 'from nginx');
  }
});
