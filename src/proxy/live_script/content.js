// SPDX-License-Identifier: MIT
// What is pushed of a URL: bodies, and merge patches of them.

// The text of an envelope's data, which is its last member: the very bytes that the
// backend sent, for numbers may be longer than JavaScript's.
function rawData(text) {
  const name = ',"data":';
  return text.slice(text.indexOf(name) + name.length, text.lastIndexOf('}'));
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// RFC 7396. By way of a Map, where __proto__ is a name like others.
function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, mergePatch(result.get(name), value));
  }
  return Object.fromEntries(result);
}

// Of an envelope { id, channel, event, data | data64 }: the data, as new code gets it, and
// the body that a poll would get now. That is null for JSON that is but a string, of which
// can't be told how it was written.
function contentOf({ event, data, data64 }, text, isJson, before) {
  if (event === 'patch') {
    const patched = mergePatch(JSON.parse(before), data);
    return { data: patched, body: JSON.stringify(patched) };
  }
  if (data64 !== undefined) {
    const bytes = Uint8Array.from(atob(data64), (character) => character.charCodeAt(0));
    return { data: bytes, body: bytes };
  }
  if (typeof data !== 'string') return { data, body: rawData(text) };
  return { data, body: isJson ? null : data };
}

// What a Response that a page makes has not by itself, and its clones have not either.
function asFrom(url, response) {
  const { clone } = response;
  return Object.defineProperties(response, {
    url: { value: url.replace(/#.*/, '') },
    type: { value: 'basic' },
    clone: { value: () => asFrom(url, clone.call(response)) },
  });
}

// Byte by byte, or as JSON, which is written anew where patches came.
function isSame(one, other) {
  const sort = (_, value) => (isObject(value) ? Object.entries(value).sort() : value);
  const canonical = (text) => JSON.stringify(JSON.parse(text), sort);
  return one === other || canonical(one) === canonical(other);
}
