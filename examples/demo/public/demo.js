// SPDX-License-Identifier: MIT
// The demo's page: polls the clock, keeps a chat open over WebSocket, and says which way both
// came. All text from outside goes in as textContent.

import { connect, setPill } from '/pages/socket.js';

const element = (id) => document.getElementById(id);

function make(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

let polls = 0;

function showAnswer({ time, told }) {
  element('clock').textContent = new Date(time).toLocaleTimeString([], { hour12: false });
  setPill(element('polls'), `${++polls} polls`);
  const rows = Object.entries(told).flatMap(([name, value]) => [make('dt', name), make('dd', value ?? 'not there')]);
  element('headers').replaceChildren(...rows);
  const isThrough = /\bwherry\b/i.test(told.Via ?? '');
  setPill(element('route'), isThrough ? 'through Wherry' : 'straight from the application', isThrough ? 'good' : 'bad');
}

async function pollClock() {
  try {
    const response = await fetch('api/clock', { cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    showAnswer(await response.json());
  } catch (error) {
    setPill(element('polls'), `no answer: ${error.message}`, 'bad');
  }
  setTimeout(pollClock, 1000);
}

function showLine({ name, text }) {
  const item = document.createElement('li');
  item.append(make('b', name), text);
  element('lines').append(item);
  element('lines').scrollTop = element('lines').scrollHeight;
}

const send = connect('ws/chat', {
  pill: element('state'),
  onOpen: () => element('lines').replaceChildren(),
  onMessage(message) {
    if (message.people === undefined) showLine(message);
    else setPill(element('state'), `connected, ${message.people} here`, 'good');
  },
});

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { value } = element('line');
  if (value.trim() !== '' && send(value)) element('line').value = '';
});

pollClock();
