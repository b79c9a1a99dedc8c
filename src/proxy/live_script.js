// SPDX-License-Identifier: MIT
//
// Wherry's live.js: polls of live URLs, answered from a WebSocket. One line in a page,
// before its own scripts:
//
//   <script src="/.wherry/live.js"></script>
//
// The page polls on, by fetch or XMLHttpRequest, and knows nothing of it. An answer from a
// live route has the field Wherry-Live. A URL with such answers that is asked for again is
// followed: over a WebSocket (wherry.v1, see wherry-push(7)), else over server-sent events;
// and polls of it are answered here, with what came last. All else goes to the network, as
// it would without this script: what is not a plain GET, what is not followed yet, and
// everything while the server can't be reached or says that its backend can't.
//
// For new code: `wherry:change` events at the document tell each change,
//
//   document.addEventListener('wherry:change', ({ detail }) => show(detail.url, detail.data));
//
// and wherry.follow(url) follows what nothing polls.

(() => {
  'use strict';
  if (window.wherry) return;

  const MOST_FOLLOWED = 16; // URLs; more are polled
  const MOST_STREAMS = 3; // of server-sent events: browsers have six connections to a server
  const FORGOTTEN_MS = 90e3; // not asked for that long, a URL is left alone
  const CHECKED_MS = 30e3; // so often the network is asked whether it says the same
  const LATE_MS = 3e3; // how far what is pushed may be behind that
  const PATIENCE_MS = 10e3; // for an answer of the server
  const LONGEST_PAUSE_MS = 30e3; // between tries to connect
  const TURN_MS = 5; // of an answer: a page that asks again at once must not spin

  // Of a request: what does not change the answer. jQuery sets the first two.
  const harmlessFields = /^(accept|x-requested-with|content-type|cache-control|pragma)$/i;
  // Of an answer: what a WebSocket's handshake sends as a poll does.
  const harmlessVary = /^(accept-encoding|accept-language|cookie|user-agent|\s|,)*$/i;
  // Of an answer: what belongs to that one alone.
  const ownFields = ['Age', 'Content-Encoding', 'Content-Length', 'Date', 'ETag', 'Expires', 'Last-Modified'];

  const isGet = (method) => /^get$/i.test(method);
  const isSafe = (method) => /^(get|head|options)$/i.test(method);
  const networkFetch = window.fetch;
  const lives = new Map(); // by path
  const count = (test) => [...lives.values()].filter(test).length;

  // One URL that may be live, and what is known of it.
  class Live {
    constructor(path) {
      this.path = path; // and query
      this.askedAt = -Infinity;
      this.checkedAt = 0;
      this.isPinned = false; // by wherry.follow
      this.headers = null; // of its last answer from the network
      this.body = null; // text, or bytes
      this.id = ''; // of that body; where to go on from
      this.line = null; // WebSocket or EventSource
      this.isFollowed = false;
      this.isCurrent = false; // body is what the server has now
      this.isDoubted = false; // until the network says that the URL is live
      this.failures = 0; // to connect, in a row
      this.tries = 0; // which tell how to connect next
    }

    follow() {
      if (this.isFollowed || count((one) => one.isFollowed) >= MOST_FOLLOWED) return;
      this.isFollowed = true;
      this.connect();
    }

    leave() {
      this.isFollowed = false;
      clearTimeout(this.timer);
      this.disconnect();
    }

    // Two tries by WebSocket, then one by server-sent events, and so on: what works is
    // found soon where one of them is blocked, and the WebSocket where the server was away.
    connect() {
      const isSocket = this.tries % 3 < 2 || count((one) => one.line instanceof EventSource) >= MOST_STREAMS;
      const more = (isSocket ? '&patch=merge' : '&patch=merge&envelope') + (this.id ? `&last_event_id=${this.id}` : '');
      const url = location.origin + this.path + (this.path.includes('?') ? more : more.replace('&', '?'));
      const line = isSocket ? new WebSocket(url.replace('http', 'ws'), 'wherry.v1') : new EventSource(url);
      const whileMine = (does) => (event) => this.line === line && does(event);
      this.line = line;
      this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
      line.onopen = whileMine(() => {
        clearTimeout(this.timer);
        this.failures = 0;
        this.tries = isSocket ? 0 : 2; // the next time begins with what worked
        this.checkedAt = performance.now();
        // Nothing comes if this is still the newest; or not yet, so the network is asked.
        if (this.body !== null) this.isCurrent = this.isDoubted = true;
      });
      line.onclose = line.onerror = whileMine(() => this.lose());
      line.onmessage = whileMine(({ data }) => this.take(data));
      if (!isSocket) for (const name of ['patch', 'status', 'gap']) line.addEventListener(name, line.onmessage);
    }

    disconnect() {
      const { line } = this;
      this.line = null;
      this.isCurrent = false;
      if (line) line.close();
    }

    // The pause is random, for a server that restarts has many pages to come back.
    lose() {
      clearTimeout(this.timer);
      this.disconnect();
      this.tries++;
      const longest = Math.min(LONGEST_PAUSE_MS, 1e3 * 2 ** this.failures++);
      if (this.isFollowed) this.timer = setTimeout(() => this.connect(), longest * (0.1 + 0.9 * Math.random()));
    }

    // An envelope: { id, channel, event, data | data64 }.
    take(text) {
      const envelope = JSON.parse(text);
      if (envelope.event === 'status') {
        this.isCurrent = envelope.data.state === 'live' && this.body !== null;
      } else if (envelope.event !== 'gap') { // behind a gap comes all of it
        this.change(envelope, text);
      }
    }

    change({ id, event, data, data64 }, text) {
      const isJson = this.headers === null || /[/+]json\b/.test(this.headers.get('Content-Type'));
      let body = null; // of JSON that is but a string can't be told whether it was in quotes
      if (event === 'patch') {
        data = mergePatch(JSON.parse(this.body), data);
        body = JSON.stringify(data);
      } else if (data64 !== undefined) {
        body = data = Uint8Array.from(atob(data64), (character) => character.charCodeAt(0));
      } else if (typeof data !== 'string') {
        body = rawData(text);
      } else if (!isJson) {
        body = data;
      }
      const isNew = body !== this.body;
      Object.assign(this, { id, body, isCurrent: body !== null });
      if (isNew) {
        const detail = { url: this.path, id, data };
        document.dispatchEvent(new CustomEvent('wherry:change', { bubbles: true, detail }));
      }
    }

    // Asked for once more. True: what is here is the answer.
    ask() {
      const now = performance.now();
      this.isAskedAgain = now - this.askedAt < FORGOTTEN_MS;
      this.askedAt = now;
      if (this.isCurrent && now - this.checkedAt > CHECKED_MS) this.check();
      return this.isCurrent && this.headers !== null && !this.isDoubted;
    }

    // An answer from the network.
    learn(status, headers) {
      if (status !== 200) return;
      if (headers.has('Wherry-Live') && canFollow(headers)) {
        this.headers = new Headers(headers);
        ownFields.forEach((name) => this.headers.delete(name));
        this.isDoubted = false;
        if (this.isAskedAgain) this.follow();
      } else {
        this.leave();
        lives.delete(this.path);
      }
    }

    // A connection may be dead and not know it. If the network says anything else, and
    // nothing comes, it is made anew.
    async check() {
      const { line, id } = this;
      const late = new AbortController();
      setTimeout(() => late.abort(), PATIENCE_MS);
      this.checkedAt = performance.now();
      let isTrue = false;
      try {
        const response = await networkFetch(this.path, { cache: 'no-store', signal: late.signal });
        const body = await response.text();
        this.learn(response.status, response.headers);
        isTrue = response.status === 200 && (typeof this.body !== 'string' || isSame(body, this.body));
      } catch (error) {
        // No answer is another answer.
      }
      await pause(LATE_MS);
      if (!isTrue && this.line === line && this.isCurrent && this.id === id) this.lose();
    }

    answer(url) {
      const response = new Response(this.body, { statusText: 'OK', headers: this.headers });
      Object.defineProperty(response, 'url', { value: url });
      return response;
    }
  }

  // Bytes that are not UTF-8 and fields that only a poll can send stay the network's.
  function canFollow(headers) {
    const charset = /charset="?([^";]+)/i.exec(headers.get('Content-Type') || '');
    return harmlessVary.test(headers.get('Vary') || '') && (!charset || /^utf-?8$/i.test(charset[1]));
  }

  // The text of an envelope's data, which is its last member: the very bytes that the
  // backend sent, for numbers may be longer than JavaScript's.
  function rawData(text) {
    const name = ',"data":';
    return text.slice(text.indexOf(name) + name.length, text.lastIndexOf('}'));
  }

  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

  // RFC 7396.
  function mergePatch(target, patch) {
    if (!isObject(patch)) return patch;
    const result = isObject(target) ? target : {};
    for (const [name, value] of Object.entries(patch)) {
      if (value === null) delete result[name];
      else result[name] = mergePatch(result[name], value);
    }
    return result;
  }

  // Path and query of a URL of this server, without the time that jQuery's `cache: false`
  // adds; else nothing.
  function pathOf(address) {
    const url = new URL(address, document.baseURI);
    if (url.origin !== location.origin) return null;
    return url.pathname + url.search.replace(/[?&]_=\d{10,}(?=&|$)/, '').replace(/^&/, '?');
  }

  function liveOf(path) {
    if (!lives.has(path)) lives.set(path, new Live(path));
    return lives.get(path);
  }

  // Byte by byte, or as JSON, which is written anew where patches came.
  function isSame(one, other) {
    const sort = (_, value) => (isObject(value) ? Object.entries(value).sort() : value);
    const canonical = (text) => JSON.stringify(JSON.parse(text), sort);
    return one === other || canonical(one) === canonical(other);
  }

  // Behind a log-in a URL may be private, and whoever sends something wants to see it.
  function doubtAll() {
    lives.forEach((live) => { live.isDoubted = true; });
  }

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  setInterval(() => {
    for (const live of lives.values()) {
      if (live.isPinned || performance.now() - live.askedAt < FORGOTTEN_MS) continue;
      live.leave();
      lives.delete(live.path);
    }
  }, CHECKED_MS);

  // A page with a connection can't be kept for the way back; the next poll connects again.
  window.addEventListener('pagehide', () => lives.forEach((live) => live.leave()));
  window.addEventListener('pageshow', () => lives.forEach((live) => live.isPinned && live.follow()));

  // What is asked for, if it is a poll. no-store and no-cache ask for what is new, as all
  // is that is pushed.
  function polledByFetch(input, init) {
    if (init && (input instanceof Request || init.body)) return null;
    const request = input instanceof Request ? input : new Request(input, init);
    const isPlain = isGet(request.method) && request.mode !== 'no-cors' && !request.integrity &&
      request.credentials !== 'omit' && ['default', 'no-store', 'no-cache'].includes(request.cache) &&
      !request.signal.aborted && [...request.headers.keys()].every((name) => harmlessFields.test(name));
    const path = isPlain && pathOf(request.url);
    return path && { live: liveOf(path), url: request.url };
  }

  function methodOf(input, init) {
    return (init && init.method) || (input instanceof Request ? input.method : 'GET');
  }

  window.fetch = async function fetch(...args) {
    let poll = null;
    try {
      poll = polledByFetch(...args);
    } catch (error) {
      // The network's own fetch says what is wrong.
    }
    if (poll && poll.live.ask()) {
      await pause(TURN_MS);
      return poll.live.answer(poll.url);
    }
    const response = await networkFetch(...args);
    if (poll && !response.redirected) poll.live.learn(response.status, response.headers);
    if (!isSafe(methodOf(...args))) doubtAll();
    return response;
  };

  // An XMLHttpRequest that is answered here was opened, but never sent: what it shows of the
  // answer are properties of its own, until it is opened again or aborted.

  const prototype = XMLHttpRequest.prototype;
  const { open, setRequestHeader, overrideMimeType, send, abort } = prototype;
  const calls = new WeakMap(); // what each was opened for, while it may be answered here
  const readers = { '': 'text', text: 'text', json: 'json', blob: 'blob', arraybuffer: 'arrayBuffer' };
  const shown = ['readyState', 'status', 'statusText', 'responseURL', 'response', 'responseText', 'responseXML',
    'getResponseHeader', 'getAllResponseHeaders'];

  function show(xhr, properties) {
    for (const [name, value] of Object.entries(properties)) {
      Object.defineProperty(xhr, name, { value, configurable: true });
    }
  }

  function renew(xhr, call) {
    shown.forEach((name) => delete xhr[name]);
    calls.set(xhr, call);
  }

  prototype.open = function (method, url, isAsync = true, user = null) {
    renew(this, isGet(method) && isAsync && user === null ? { url } : null);
    if (!isSafe(method)) this.addEventListener('load', doubtAll, { once: true });
    return open.apply(this, arguments);
  };

  prototype.setRequestHeader = function (name) {
    if (!harmlessFields.test(name)) calls.set(this, null);
    return setRequestHeader.apply(this, arguments);
  };

  prototype.overrideMimeType = function () {
    calls.set(this, null);
    return overrideMimeType.apply(this, arguments);
  };

  prototype.send = function () {
    const call = calls.get(this);
    const path = call && readers[this.responseType] && pathOf(call.url);
    const live = path && liveOf(path);
    if (live && live.ask()) {
      call.isAnsweredHere = true;
      answerHere(this, call, live);
      return;
    }
    if (live) {
      this.addEventListener('load', () => {
        if (calls.get(this) === call && pathOf(this.responseURL) === path) live.learn(this.status, fieldsOf(this));
      }, { once: true });
    }
    send.apply(this, arguments);
  };

  prototype.abort = function () {
    const call = calls.get(this);
    const isPending = call && call.isAnsweredHere && this.readyState !== 4;
    renew(this, null);
    abort.apply(this, arguments);
    if (isPending) ['abort', 'loadend'].forEach((name) => this.dispatchEvent(new ProgressEvent(name)));
  };

  function fieldsOf(xhr) {
    const lines = xhr.getAllResponseHeaders().split('\r\n').filter(Boolean);
    return new Headers(lines.map((line) => /^(.*?): ?(.*)$/.exec(line).slice(1)));
  }

  async function answerHere(xhr, call, live) {
    const tell = (event) => calls.get(xhr) === call && xhr.dispatchEvent(event);
    tell(new ProgressEvent('loadstart'));
    await pause(TURN_MS);
    const response = live.answer(new URL(call.url, document.baseURI).href);
    const { headers } = response;
    const value = await response[readers[xhr.responseType]]().catch(() => null);
    if (calls.get(xhr) !== call) return;
    show(xhr, {
      status: 200,
      statusText: 'OK',
      responseURL: response.url,
      response: value,
      responseText: value,
      responseXML: /xml/.test(headers.get('Content-Type')) ? new DOMParser().parseFromString(value, 'text/xml') : null,
      getResponseHeader: (name) => headers.get(name),
      getAllResponseHeaders: () => [...headers].map(([name, field]) => `${name}: ${field}\r\n`).join(''),
    });
    for (const readyState of [2, 3, 4]) {
      if (calls.get(xhr) === call) show(xhr, { readyState });
      tell(new Event('readystatechange'));
    }
    tell(new ProgressEvent('load'));
    tell(new ProgressEvent('loadend'));
  }

  window.wherry = {
    follow(url) {
      const path = pathOf(url);
      if (!path) throw new TypeError(`wherry.follow: ${url} is not of this server`);
      liveOf(path).isPinned = true;
      liveOf(path).follow();
    },
  };
})();
