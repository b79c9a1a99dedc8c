// SPDX-License-Identifier: MIT
// The stand-in for XMLHttpRequest. One that is answered here was opened, but never sent:
// what it shows of the answer are properties of its own, until it is opened again.

const prototype = XMLHttpRequest.prototype;
const { open, setRequestHeader, overrideMimeType, send, abort } = prototype;
const calls = new WeakMap(); // what each was opened for
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

// An event of a call, unless the one before ended it.
function tell(xhr, call, name, loaded = 0) {
  if (calls.get(xhr) !== call) return;
  const progress = { lengthComputable: loaded > 0, loaded, total: loaded };
  xhr.dispatchEvent(name === 'readystatechange' ? new Event(name) : new ProgressEvent(name, progress));
}

function enter(xhr, call, readyState, properties) {
  if (calls.get(xhr) !== call) return;
  show(xhr, { readyState, ...properties });
  tell(xhr, call, 'readystatechange');
}

function fieldsOf(xhr) {
  const lines = xhr.getAllResponseHeaders().split('\r\n').filter(Boolean);
  return new Headers(lines.map((line) => /^(.*?): ?(.*)$/.exec(line).slice(1)));
}

function headOf({ url, headers }) {
  return {
    status: 200,
    statusText: 'OK',
    responseURL: url,
    getResponseHeader: (name) => headers.get(name),
    getAllResponseHeaders: () => [...headers].map(([name, field]) => `${name}: ${field}\r\n`).join(''),
  };
}

function parseXml(text) {
  try {
    const parsed = new DOMParser().parseFromString(text, 'text/xml');
    return parsed.querySelector('parsererror') ? null : parsed;
  } catch (error) { // by require-trusted-types-for
    return null;
  }
}

// The browser says itself what can't be read for its responseType.
function bodyOf(response, type, value) {
  const isXml = type === '' && /[/+]xml\b/.test(response.headers.get('Content-Type'));
  return {
    response: value,
    ...readers[type] === 'text' && { responseText: value },
    ...type === '' && { responseXML: isXml ? parseXml(value) : null },
  };
}

async function answerHere(xhr, call, live) {
  call.isHere = call.isPending = true;
  tell(xhr, call, 'loadstart');
  const { size } = new Blob([live.body]);
  const response = live.answer(call.address);
  await pause(TURN_MS);
  const type = xhr.responseType in readers ? xhr.responseType : '';
  const value = await response[readers[type]]().catch(() => null);
  const body = bodyOf(response, type, value);
  enter(xhr, call, 2, headOf(response));
  enter(xhr, call, 3, readers[type] === 'text' ? body : {});
  tell(xhr, call, 'progress', size);
  call.isPending = false;
  enter(xhr, call, 4, body);
  tell(xhr, call, 'load', size);
  tell(xhr, call, 'loadend', size);
}

// Behind it, it can be sent no more than any other.
function abortHere(xhr, { isPending }) {
  const call = { isHere: true };
  renew(xhr, call);
  if (isPending) {
    enter(xhr, call, 4);
    tell(xhr, call, 'abort');
    tell(xhr, call, 'loadend');
  }
  if (calls.get(xhr) === call) show(xhr, { readyState: 0 });
}

function learnFrom(xhr, call, live) {
  const learn = () => {
    if (calls.get(xhr) === call && pathOf(xhr.responseURL) === live.path) live.learn(xhr.status, fieldsOf(xhr));
  };
  xhr.addEventListener('load', learn, { once: true });
  xhr.addEventListener('loadend', () => xhr.removeEventListener('load', learn), { once: true });
}

function beginToSend(xhr, call) {
  call.isUnderWay = true;
  sent.begin();
  xhr.addEventListener('loadend', () => endToSend(call), { once: true });
}

// Also where it is opened for something else, of which no event tells.
function endToSend(call) {
  if (call.isUnderWay) sent.end();
  call.isUnderWay = false;
}

// What it was opened for; nothing, if it was not.
function callOf(xhr) {
  const call = calls.get(xhr) || {};
  if (call.isHere) throw new DOMException('The object is not open, or was sent already.', 'InvalidStateError');
  return call;
}

function addressOf(url) {
  try {
    return new URL(url, document.baseURI).href;
  } catch (error) { // open says so
    return null;
  }
}

const standIns = {
  open(method, url, isAsync, user) {
    const before = this.readyState;
    const former = calls.get(this) || {};
    const isPoll = isGet(method) && (arguments.length < 3 || isAsync) && (user === undefined || user === null);
    const address = addressOf(url);
    renew(this, { address, isPoll: isPoll && address !== null, isSending: !isSafe(method) });
    endToSend(former);
    const isOpenAlready = this.readyState === 1; // for it was not sent
    open.apply(this, arguments);
    if (isOpenAlready && before !== 1) this.dispatchEvent(new Event('readystatechange'));
  },

  setRequestHeader(name) {
    const call = callOf(this);
    if (!harmlessFields.test(name)) call.isPoll = false;
    setRequestHeader.apply(this, arguments);
  },

  overrideMimeType() {
    const call = calls.get(this);
    if (call) call.isPoll = false;
    overrideMimeType.apply(this, arguments);
  },

  send() {
    const call = callOf(this);
    const path = call.isPoll && this.responseType in readers && pathOf(call.address);
    const live = path ? liveOf(path) : null;
    if (live && live.ask()) {
      answerHere(this, call, live);
      return;
    }
    if (live) learnFrom(this, call, live);
    if (call.isSending && mayLogIn(call.address, this.withCredentials)) beginToSend(this, call);
    try {
      send.apply(this, arguments);
    } catch (error) {
      endToSend(call);
      throw error;
    }
  },

  abort() {
    const call = calls.get(this);
    if (call && call.isHere) abortHere(this, call);
    else abort.apply(this, arguments);
  },
};

const standInForXhr = () => Object.assign(prototype, standIns);
