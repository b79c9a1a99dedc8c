// SPDX-License-Identifier: MIT
// The stand-in for fetch.

const networkFetch = window.fetch;

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

function standInForFetch() {
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
}
