// SPDX-License-Identifier: MIT
// The stand-in for XMLHttpRequest. One that is answered here was opened, but never sent:
// what it shows of the answer are properties of its own, until it is opened again or aborted.

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

function standInForXhr() {
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
}

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
