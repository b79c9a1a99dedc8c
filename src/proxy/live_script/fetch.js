// SPDX-License-Identifier: MIT
// The stand-in for fetch.

const networkFetch = window.fetch;

// An iterator of fields, which are gone once it was looked at.
const isReadOnce = (headers) => headers && !(headers instanceof Headers) && !Array.isArray(headers) &&
  Symbol.iterator in Object(headers);

// What is asked for, if it is a poll. no-store and no-cache ask for what is new, as all
// is that is pushed.
function polledByFetch(input, init) {
  if (init && (input instanceof Request || init.body || isReadOnce(init.headers))) return null;
  const request = input instanceof Request ? input : new Request(input, init);
  const { url, signal } = request;
  const isPlain = isGet(request.method) && request.mode !== 'no-cors' && !request.integrity &&
    request.credentials !== 'omit' && !/event-stream/i.test(request.headers.get('Accept')) && ['default', 'no-store', 'no-cache'].includes(request.cache) &&
    !signal.aborted && [...request.headers.keys()].every((name) => harmlessFields.test(name));
  const path = isPlain && pathOf(url);
  return path && { live: liveOf(path), url, signal };
}

async function answerFetch({ live, url, signal }) {
  const response = live.answer(url);
  await pause(TURN_MS);
  if (signal.aborted) throw signal.reason || new DOMException('The request was aborted.', 'AbortError');
  return response;
}

// Does it send what may be a log-in?
function isSentByFetch(input, init) {
  const request = input instanceof Request ? input : { url: input, method: 'GET' };
  const { method, credentials } = { ...init };
  return !isSafe(method || request.method) &&
    mayLogIn(request.url, (credentials || request.credentials) === 'include');
}

function standInForFetch() {
  window.fetch = async function fetch(...args) {
    let poll = null;
    let isSent = false;
    try {
      isSent = isSentByFetch(...args);
      poll = polledByFetch(...args);
    } catch (error) {
      // The network's own fetch says what is wrong.
    }
    if (poll && poll.live.ask()) return answerFetch(poll);
    if (isSent) sent.begin();
    try {
      const response = await networkFetch(...args);
      if (poll && !response.redirected) poll.live.learn(response.status, response.headers);
      return response;
    } finally {
      if (isSent) sent.end();
    }
  };
}
