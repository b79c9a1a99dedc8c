// SPDX-License-Identifier: MIT
// What is pushed of a URL: bodies, and merge patches of them.

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
