// SPDX-License-Identifier: MIT
// A text area bound to a Yjs text: what is typed becomes an insertion and a deletion there, and
// what others did is put into the area without moving the caret away from its words.

import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { setPill } from '/pages/socket.js';

const element = (id) => document.getElementById(id);
const area = element('text');

if (!/^#[a-z0-9-]{1,40}$/.test(location.hash)) location.replace('#harbour');
const room = location.hash.slice(1);
addEventListener('hashchange', () => location.hash !== `#${room}` && location.reload());

const rooms = new URL('rooms', location.href);
const server = `${rooms.protocol === 'https:' ? 'wss:' : 'ws:'}//${rooms.host}${rooms.pathname}`;
const doc = new Y.Doc();
const text = doc.getText('text');
// Without its shortcut between tabs of one browser, so that all goes over the WebSocket.
const provider = new WebsocketProvider(server, room, doc, { disableBc: true, maxBackoffTime: 8000 });

/** Where two texts differ: how much is alike at the start, up to the caret, and at the end. */
function findChange(before, after, caret) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < Math.min(shorter, caret) && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { start, removed: before.length - start - end, added: after.slice(start, after.length - end) };
}

area.addEventListener('input', () => {
  const { start, removed, added } = findChange(text.toString(), area.value, area.selectionStart);
  doc.transact(() => {
    text.delete(start, removed);
    text.insert(start, added);
  }, area);
});

/** Where a place in the text is after a change (https://docs.yjs.dev/api/delta-format). */
function follow(place, delta) {
  let index = 0;
  for (const { retain = 0, insert = '', delete: removed = 0 } of delta) {
    if (index > place) break;
    if (insert && index < place) place += insert.length;
    place -= Math.min(removed, place - index);
    index += retain + insert.length;
  }
  return place;
}

text.observe(({ delta }, { origin }) => {
  if (origin === area) return;
  const { selectionStart, selectionEnd } = area;
  area.value = text.toString();
  area.setSelectionRange(follow(selectionStart, delta), follow(selectionEnd, delta));
});

provider.awareness.on('change', () => {
  const people = Array.from(provider.awareness.getStates(), ([id, { name, hue }]) => {
    const item = document.createElement('li');
    item.textContent = id === doc.clientID ? `${name} (you)` : name;
    item.style.setProperty('--hue', hue);
    return item;
  });
  element('people').replaceChildren(...people);
});

const animals = ['Heron', 'Otter', 'Gull', 'Pike', 'Swan', 'Teal', 'Coot', 'Eel', 'Perch', 'Vole'];
provider.awareness.setLocalState({
  name: animals[Math.floor(Math.random() * animals.length)],
  hue: Math.floor(Math.random() * 360),
});

provider.on('status', async ({ status }) => {
  setPill(element('state'), status, status === 'connected' ? 'good' : 'bad');
  if (status !== 'connected') return;
  const { backend } = await (await fetch(`${rooms}/${room}`)).json();
  setPill(element('backend'), `backend ${backend}`, 'good');
});

// Not before: what somebody typed into an empty page would stand in front of the rest.
provider.once('synced', () => { area.disabled = false; });

element('room').textContent = room;
