// SPDX-License-Identifier: MIT
// Shows webhooks as they come. The browser's own EventSource does all there is to do: it comes
// back by itself, and goes on behind the last event that it saw.

const events = document.getElementById('events');
const state = document.getElementById('state');
const mostShown = 20;

function setState(text, mood) {
  state.textContent = text;
  state.className = `pill ${mood}`;
}

function show({ from, kind, text }, id) {
  const item = document.createElement('li');
  const title = document.createElement('b');
  const time = document.createElement('time');
  title.textContent = `${from}: ${kind}`;
  time.textContent = new Date(id / 1000).toLocaleTimeString(); // ids are microseconds
  item.append(title, ` ${text} `, time);
  events.prepend(item);
  if (events.children.length > mostShown) events.lastChild.remove();
}

const source = new EventSource('events');
source.onopen = () => setState('connected', 'good');
source.onerror = () => setState('connecting again…', 'bad');
source.onmessage = ({ data, lastEventId }) => show(JSON.parse(data), Number(lastEventId));
