// SPDX-License-Identifier: MIT
// The demo's page: polls the clock, keeps a chat open over WebSocket, and says which way both
// came. All text from outside goes in as textContent.
'use strict';

const element = (id) => document.getElementById(id);

function setPill(id, text, mood = '') {
  element(id).textContent = text;
  element(id).className = `pill ${mood}`;
}

function make(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

let polls = 0;

function showAnswer({ time, told }) {
  element('clock').textContent = new Date(time).toLocaleTimeString([], { hour12: false });
  setPill('polls', `${++polls} polls`);
  const rows = Object.entries(told).flatMap(([name, value]) => [make('dt', name), make('dd', value ?? 'not there')]);
  element('headers').replaceChildren(...rows);
  const isThrough = /\bwherry\b/i.test(told.Via ?? '');
  setPill('route', isThrough ? 'through Wherry' : 'straight from the application', isThrough ? 'good' : 'bad');
}

async function pollClock() {
  try {
    const response = await fetch('api/clock', { cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    showAnswer(await response.json());
  } catch (error) {
    setPill('polls', `no answer: ${error.message}`, 'bad');
  }
  setTimeout(pollClock, 1000);
}

function showLine({ name, text }) {
  const item = document.createElement('li');
  item.append(make('b', name), text);
  element('lines').append(item);
  element('lines').scrollTop = element('lines').scrollHeight;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8000;
let delay = FIRST_DELAY_MS;
let socket;

function connectChat() {
  const url = new URL('ws/chat', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  socket = new WebSocket(url);
  socket.onopen = () => {
    delay = FIRST_DELAY_MS;
    element('lines').replaceChildren();
    element('send').disabled = false;
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.people === undefined) showLine(message);
    else setPill('state', `connected, ${message.people} here`, 'good');
  };
  socket.onclose = ({ code, reason }) => {
    element('send').disabled = true;
    setPill('state', `closed with ${code}${reason && `, ${reason}`}; trying again`, 'bad');
    setTimeout(connectChat, delay * (0.5 + Math.random()));
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  };
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = element('line');
  if (socket.readyState !== WebSocket.OPEN || input.value.trim() === '') return;
  socket.send(input.value);
  input.value = '';
});

pollClock();
connectChat();
