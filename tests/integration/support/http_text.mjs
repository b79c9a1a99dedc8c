// SPDX-License-Identifier: MIT
// HTTP/1 messages read from a peer, strictly enough that a test sees what is on the wire.

const BODILESS = new Set([204, 304]);

/** Names in lower case; repeated fields stay apart. */
class Fields {
  constructor(lines) {
    this.list = lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon <= 0) throw new Error(`not a header line: ${JSON.stringify(line)}`);
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
  }

  all(name) {
    return this.list.filter(([key]) => key === name).map(([, value]) => value);
  }

  get(name) {
    const values = this.all(name);
    return values.length > 0 ? values.join(', ') : undefined;
  }

  has(name) {
    return this.all(name).length > 0;
  }
}

async function readHead(peer) {
  const head = (await peer.readUntil('\r\n\r\n')).toString('latin1');
  const lines = head.slice(0, -4).split('\r\n');
  return { head, startLine: lines[0], headers: new Fields(lines.slice(1)) };
}

async function readChunks(peer) {
  const pieces = [];
  for (;;) {
    const line = (await peer.readUntil('\r\n')).toString('latin1').trim();
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    if (size === 0) break;
    pieces.push(Buffer.from(await peer.readExactly(size)));
    const end = (await peer.readExactly(2)).toString('latin1');
    if (end !== '\r\n') throw new Error(`no CRLF after a chunk: ${JSON.stringify(end)}`);
  }
  const trailers = [];
  for (;;) {
    const line = (await peer.readUntil('\r\n')).toString('latin1').trim();
    if (line === '') return { body: Buffer.concat(pieces), trailers };
    trailers.push(line);
  }
}

async function readBody(peer, message, isUntilClose) {
  if (message.headers.has('transfer-encoding')) return readChunks(peer);
  const length = message.headers.get('content-length');
  if (length !== undefined) return { body: Buffer.from(await peer.readExactly(Number(length))) };
  return { body: isUntilClose ? await peer.readToEnd() : Buffer.alloc(0) };
}

/** The next request on a connection that Wherry made. body: false leaves the body unread. */
export async function readRequest(peer, { body = true } = {}) {
  const message = await readHead(peer);
  [message.method, message.target, message.version] = message.startLine.split(' ');
  return body ? Object.assign(message, await readBody(peer, message, false)) : message;
}

/** The next response, with the 1xx ones before it in `interim`. */
export async function readResponse(peer, { method = 'GET', body = true } = {}) {
  const interim = [];
  for (;;) {
    const message = await readHead(peer);
    const [, version, status, reason] = message.startLine.match(/^(HTTP\/1\.[01]) (\d{3}) ?(.*)$/);
    Object.assign(message, { version, status: Number(status), reason, interim, body: Buffer.alloc(0) });
    if (message.status < 200 && message.status !== 101) {
      interim.push(message);
      continue;
    }
    const isBodiless = method === 'HEAD' || message.status === 101 || BODILESS.has(message.status);
    if (isBodiless || !body) return message;
    return Object.assign(message, await readBody(peer, message, true));
  }
}

/** Sends one request (text, or its lines without Host) and gives the response. */
export async function exchange(peer, text, options = {}) {
  await peer.send(text);
  return readResponse(peer, { method: text.slice(0, text.indexOf(' ')), ...options });
}

/** A request's text: fields is an object or a list of lines. */
export function requestText(method, target, fields = {}, body = '') {
  const lines = Array.isArray(fields)
    ? fields
    : Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const host = lines.some((line) => /^host:/i.test(line)) ? [] : ['Host: a.test'];
  return [`${method} ${target} HTTP/1.1`, ...host, ...lines, '', body].join('\r\n');
}

/** A response's text, with its Content-Length. */
export function responseText(status, fields = {}, body = '') {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} X`, `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n');
}
