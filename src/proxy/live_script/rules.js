// SPDX-License-Identifier: MIT
// Which requests may be answered in the page, and which answers say so.

// Of a request: what does not change the answer. jQuery sets the first two.
const harmlessFields = /^(accept|x-requested-with|content-type|cache-control|pragma)$/i;
// Of an answer: what a WebSocket's handshake sends as a poll does.
const harmlessVary = /^(accept-encoding|accept-language|cookie|user-agent|\s|,)*$/i;
// Of an answer: what belongs to that one alone.
const ownFields = ['Age', 'Content-Digest', 'Content-Encoding', 'Content-Length', 'Date', 'ETag', 'Expires', 'Last-Modified',
  'Wherry-Stale'];

const isGet = (method) => /^get$/i.test(method);
const isSafe = (method) => /^(get|head|options)$/i.test(method);

function isOfThisServer(address) {
  const url = new URL(address, document.baseURI);
  return url.origin === location.origin && /^http/.test(url.protocol) && !url.username && !url.password;
}

// Path and query of a URL of this server, without the time that jQuery's `cache: false`
// adds; else nothing. Nor for one that asks to wait, which is a long-poll.
function pathOf(address) {
  if (!isOfThisServer(address)) return null;
  const url = new URL(address, document.baseURI);
  if (url.searchParams.has('wait')) return null;
  return url.pathname + url.search.replace(/[?&]_=\d{10,}(?=&|$)/, '').replace(/^&/, '?');
}

// Bytes that are not UTF-8 and fields that only a poll can send stay the network's.
function canFollow(headers) {
  const charset = /charset="?([^";]+)/i.exec(headers.get('Content-Type') || '');
  return harmlessVary.test(headers.get('Vary') || '') && (!charset || /^utf-?8$/i.test(charset[1]));
}
