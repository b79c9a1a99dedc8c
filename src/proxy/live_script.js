// SPDX-License-Identifier: MIT
//
// Wherry's live.js: polls of live URLs, answered from a WebSocket. One line in a page,
// before its own scripts:
//
//   <script src="/.wherry/live.js"></script>
//
// The page polls on, by fetch or XMLHttpRequest, and knows nothing of it. An answer from a
// live route has the field Wherry-Live. A URL with such answers that is asked for again is
// followed: over the page's one WebSocket (wherry.v1, see wherry-push(7)), else over
// server-sent events; and polls of it are answered here, with what came last. All else goes
// to the network, as it would without this script: what is not a plain GET, what is not
// followed yet, and everything while the server can't be reached or says that its backend
// can't.
//
// For new code: `wherry:change` events at the document tell each change,
//
//   document.addEventListener('wherry:change', ({ detail }) => show(detail.url, detail.data));
//
// and wherry.follow(url) follows what nothing polls.

(() => {
  'use strict';
  if (window.wherry) return;

  const MOST_FOLLOWED = 16; // URLs, as many as a WebSocket takes; more are polled
  const LONGEST_URL = 2048; // that a WebSocket takes
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

  // Random, for a server that restarts has many pages to come back.
  function pauseThen(does, failures) {
    const longest = Math.min(LONGEST_PAUSE_MS, 1e3 * 2 ** failures);
    return setTimeout(does, longest * (0.1 + 0.9 * Math.random()));
  }

  // The WebSocket of the page. Two tries to make it, then two by server-sent events, and so
  // on: what works is found soon where one of them is blocked.
  const link = {
    socket: null,
    isOpen: false,
    isOld: false, // the page has sent something since
    timer: 0, // until it is open, or tried again
    tries: 0,
    failures: 0, // in a row

    isLeft() {
      return this.tries % 3 === 2;
    },

    open() {
      if (this.socket || this.timer) return;
      const socket = new WebSocket(`${location.origin}/.wherry/live`.replace('http', 'ws'), 'wherry.v1');
      const whileMine = (does) => (event) => this.socket === socket && does(event);
      this.socket = socket;
      this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
      socket.onopen = whileMine(() => {
        clearTimeout(this.timer);
        this.timer = this.tries = this.failures = 0;
        this.isOpen = true;
        lives.forEach((live) => live.connect());
      });
      socket.onclose = socket.onerror = whileMine(() => this.lose());
      socket.onmessage = whileMine(({ data }) => {
        const live = lives.get(JSON.parse(data).channel);
        if (live && live.line === socket) live.take(data);
      });
    },

    say(message) {
      this.socket.send(JSON.stringify(message));
    },

    close() {
      const { socket } = this;
      clearTimeout(this.timer);
      this.timer = 0;
      this.socket = null;
      this.isOpen = false;
      lives.forEach((live) => live.line && live.line === socket && live.disconnect());
      if (socket) socket.close();
    },

    lose() {
      this.close();
      this.tries++;
      this.timer = pauseThen(() => {
        this.timer = 0;
        lives.forEach((live) => live.connect());
      }, this.failures++);
    },
  };

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
      this.line = null; // the WebSocket or an EventSource
      this.isFollowed = false;
      this.isCurrent = false; // body is what the server has now
      this.isDoubted = false; // until the network says that the URL is live
      this.isRefused = false; // over the WebSocket
      this.timer = 0; // until its EventSource is open, or tried again
      this.failures = 0; // of that, in a row
    }

    follow() {
      if (count((one) => one.isFollowed) < MOST_FOLLOWED) this.isFollowed = true;
      this.connect();
    }

    leave() {
      this.isFollowed = false;
      if (this.line && this.line === link.socket) link.say({ unfollow: this.path });
      this.disconnect();
      if (count((one) => one.isFollowed) === 0) link.close();
    }

    connect() {
      if (!this.isFollowed || this.line || this.timer) return;
      if (this.isRefused || this.path.length > LONGEST_URL || link.isLeft()) {
        this.listen();
      } else if (link.isOpen) {
        this.line = link.socket;
        this.begin();
        link.say({ follow: this.path, patch: 'merge', last_event_id: this.id });
      } else {
        link.open();
      }
    }

    // By server-sent events.
    listen() {
      if (count((one) => one.line instanceof EventSource) >= MOST_STREAMS) return;
      const more = `&envelope&patch=merge&last_event_id=${this.id}`;
      const line = new EventSource(location.origin + this.path + (this.path.includes('?') ? more : more.replace('&', '?')));
      const whileMine = (does) => (event) => this.line === line && does(event);
      this.line = line;
      this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
      line.onopen = whileMine(() => {
        clearTimeout(this.timer);
        this.timer = this.failures = link.failures = 0;
        this.begin();
        this.isCurrent = this.goesOn(); // nothing comes if it is still the newest
      });
      line.onerror = whileMine(() => this.lose());
      for (const name of ['message', 'patch', 'status', 'gap']) {
        line.addEventListener(name, whileMine(({ data }) => this.take(data)));
      }
    }

    // With a body of before; else all of it comes.
    goesOn() {
      return this.id !== '' && this.body !== null;
    }

    // What is new may not be here yet: the network is asked once more.
    begin() {
      this.checkedAt = performance.now();
      this.isDoubted = this.goesOn();
    }

    disconnect() {
      const { line } = this;
      clearTimeout(this.timer);
      this.timer = 0;
      this.line = null;
      this.isCurrent = false;
      if (line instanceof EventSource) line.close();
    }

    lose() {
      this.disconnect();
      this.isRefused = false;
      if (link.isLeft() && this.failures > 0 && count((one) => one.line) === 0) link.tries++;
      this.timer = pauseThen(() => {
        this.timer = 0;
        this.connect();
      }, this.failures++);
    }

    // An envelope: { id, channel, event, data | data64 }.
    take(text) {
      const envelope = JSON.parse(text);
      if (envelope.event === 'status') {
        const { state } = envelope.data;
        this.isCurrent = state === 'live' && this.body !== null;
        if (/refused|private/.test(state) && this.line === link.socket) {
          this.disconnect();
          this.isRefused = true;
          this.connect();
        }
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
        if (link.isOld) reconnect();
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
      if (isTrue || this.line !== line || !this.isCurrent || this.id !== id) return;
      (line === link.socket ? link : this).lose();
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
    link.isOld = true;
  }

  // Lines made before a log-in have the cookies from before, and bodies for those.
  function reconnect() {
    link.isOld = false;
    lives.forEach((live) => {
      live.disconnect();
      live.id = '';
    });
    link.close();
    lives.forEach((live) => live.connect());
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
