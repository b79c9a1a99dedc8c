// SPDX-License-Identifier: MIT
// The demo's page: polls the clock, and keeps a chat open over WebSocket.
'use strict';

const element = (id) => document.getElementById(id);

async function pollClock() {
  try {
    const answer = await (await fetch('api/clock')).json();
    element('clock').textContent = new Date(answer.time).toLocaleTimeString();
    element('client').textContent = answer.client;
    element('via').textContent = answer.via;
  } catch {
    element('clock').textContent = 'no answer';
  }
  setTimeout(pollClock, 1000);
}

function show({ line, people }) {
  if (people !== undefined) {
    element('state').textContent = `connected, ${people} here`;
    return;
  }
  const item = document.createElement('li');
  item.textContent = line;
  element('lines').append(item);
  item.scrollIntoView({ block: 'nearest' });
}

let socket;

function connectChat() {
  const url = new URL('ws/chat', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  socket = new WebSocket(url);
  socket.onopen = () => element('lines').replaceChildren();
  socket.onmessage = ({ data }) => show(JSON.parse(data));
  socket.onclose = ({ code, reason }) => {
    element('state').textContent = `closed with code ${code} ${reason}; trying again`;
    setTimeout(connectChat, 1000 + Math.random() * 1000);
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
