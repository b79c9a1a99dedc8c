// SPDX-License-Identifier: MIT
// A URL that may be live: what is known of it, and the line that brings what is new, the
// page's WebSocket or an event stream of its own. Without one it is polled.

const MOST_FOLLOWED = 16; // URLs, as many as a WebSocket takes; more are polled
const LONGEST_URL = 2048; // that a WebSocket takes
const MOST_STREAMS = 3; // of server-sent events: browsers have six connections to a server
const FORGOTTEN_MS = 90e3; // not asked for that long, a URL is left alone
const CHECKED_MS = 30e3; // so often the network is asked whether it says the same
const LATE_MS = 3e3; // how far what is pushed may be behind that
const TURN_MS = 5; // of an answer here: a page that asks again at once must not spin

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Live {
  constructor(path) {
    this.path = path; // and query
    this.askedAt = -Infinity;
    this.isAskedAgain = false;
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
    if (!this.isFollowed || this.line || this.timer || sent.isAhead()) return;
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
    const more = `${this.path.includes('?') ? '&' : '?'}envelope&patch=merge&last_event_id=${this.id}`;
    try {
      this.line = new EventSource(location.origin + this.path + more);
    } catch (error) { // where it is forbidden, in some browsers
      this.lose();
      return;
    }
    const { line } = this;
    const whileMine = (does) => (event) => this.line === line && does(event);
    this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
    line.onopen = whileMine(() => {
      clearTimeout(this.timer);
      this.timer = this.failures = link.failures = 0;
      this.begin();
      this.isCurrent = this.goesOn(); // nothing comes if it is still the newest
    });
    line.onerror = whileMine(() => this.lose());
    for (const name of ['message', 'patch', 'status', 'gap']) {
      line.addEventListener(name, whileMine(({ data }) => this.take(JSON.parse(data), data)));
    }
  }

  // With a body of before; else all of it comes.
  goesOn() {
    return this.id !== '' && this.body !== null;
  }

  // What is new may not be here yet: the network is asked once more.
  begin() {
    this.checkedAt = performance.now();
    if (this.goesOn()) this.isDoubted = true;
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

  take(envelope, text) {
    if (envelope.event === 'status') {
      const { state } = envelope.data;
      const wasCurrent = this.isCurrent;
      this.isCurrent = state === 'live' && this.body !== null;
      if (!/refused|private/.test(state) || this.line !== link.socket) return;
      if (wasCurrent) { // as for many pages at once: they come back one by one
        this.lose();
      } else {
        this.disconnect();
        this.isRefused = true;
        this.connect();
      }
    } else if (envelope.event !== 'gap') { // behind a gap comes all of it
      this.change(envelope, text);
    }
  }

  change(envelope, text) {
    const { id } = envelope;
    const isJson = this.headers === null || /[/+]json\b/.test(this.headers.get('Content-Type'));
    const { data, body } = contentOf(envelope, text, isJson, this.body);
    const isNew = typeof body === 'string' ? body !== this.body : id !== this.id;
    Object.assign(this, { id, body, isCurrent: body !== null, failures: 0 });
    if (isNew) {
      const detail = { url: this.path, id, data };
      document.dispatchEvent(new CustomEvent('wherry:change', { bubbles: true, detail }));
    }
  }

  // Asked for once more. True: what is here is the answer.
  ask() {
    stayAwake();
    const now = performance.now();
    this.isAskedAgain = now - this.askedAt < FORGOTTEN_MS;
    this.askedAt = now;
    if (this.isCurrent && now - this.checkedAt > CHECKED_MS) this.check();
    return this.isCurrent && this.headers !== null && !this.isDoubted && !sent.isAhead();
  }

  // An answer from the network.
  learn(status, headers) {
    if (lives.get(this.path) !== this) return; // it was forgotten meanwhile
    if ((status === 401 || status === 403) && this.isFollowed) { // the page's user has gone
      this.isFollowed = this.isPinned;
      sent.beginAnew();
    }
    if (status !== 200) return;
    if (headers.has('Wherry-Live') && canFollow(headers)) {
      this.headers = new Headers(headers);
      ownFields.forEach((name) => this.headers.delete(name));
      this.isDoubted = sent.isAhead();
      if (this.isAskedAgain) this.follow();
    } else if (this.isPinned) {
      this.isDoubted = true; // whether it is followed on the server says
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
      const response = await networkFetch(location.origin + this.path, { cache: 'no-store', signal: late.signal });
      const body = await response.text();
      this.learn(response.status, response.headers);
      isTrue = response.status === 200 && (typeof this.body !== 'string' || isSame(body, this.body));
    } catch (error) {
      // No answer is another answer.
    }
    await pause(LATE_MS);
    if (isTrue || this.line !== line || !this.isCurrent || this.id !== id) return;
    this.id = ''; // what is here is not to be gone on from
    this.body = null;
    (line === link.socket ? link : this).lose();
  }

  answer(url) {
    const headers = new Headers(this.headers);
    headers.set('Wherry-Live', this.id);
    return asFrom(url, new Response(this.body, { statusText: 'OK', headers }));
  }
}
