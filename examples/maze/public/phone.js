// SPDX-License-Identifier: MIT
// The phone: every action goes out as one message, and the time until its answer is shown.

import { connect } from '/pages/socket.js';

const element = (id) => document.getElementById(id);
const code = location.hash.slice(1);
const sentAt = new Map(); // by id
let lastId = 0;

function showAnswer({ id, hasMoved }) {
  if (!sentAt.has(id)) return; // another phone's
  element('echo').textContent = `${Math.round(performance.now() - sentAt.get(id))} ms`;
  element('echo').className = hasMoved ? '' : 'wall';
  sentAt.delete(id);
  if (!hasMoved) navigator.vibrate?.(30);
}

const send = connect(`ws/${code}/phone`, {
  pill: element('state'),
  onOpen: () => sentAt.clear(),
  onMessage(message) {
    if (message.id !== undefined) showAnswer(message);
    if (message.solved !== undefined) element('solved').textContent = message.solved;
    if (message.screens !== undefined) {
      element('screens').textContent = message.screens === 1 ? '1 screen' : `${message.screens || 'no'} screens`;
    }
  },
});

function go(side) {
  const id = ++lastId;
  if (send({ go: side, id })) sentAt.set(id, performance.now());
}

const keys = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
addEventListener('keydown', (event) => {
  if (!keys[event.key]) return;
  event.preventDefault();
  go(keys[event.key]);
});

// A press on a button, or a swipe over anything else of the pad.
const SWIPE_PIXELS = 24;
let start = null;

element('pad').addEventListener('pointerdown', ({ target, clientX, clientY }) => {
  if (target.dataset.go) go(target.dataset.go);
  else start = [clientX, clientY];
});

addEventListener('pointermove', ({ clientX, clientY }) => {
  if (!start) return;
  const [dx, dy] = [clientX - start[0], clientY - start[1]];
  if (Math.max(Math.abs(dx), Math.abs(dy)) < SWIPE_PIXELS) return;
  if (Math.abs(dx) > Math.abs(dy)) go(dx > 0 ? 'right' : 'left');
  else go(dy > 0 ? 'down' : 'up');
  start = [clientX, clientY];
});

addEventListener('pointerup', () => { start = null; });

// For keyboards and screen readers, whose clicks come without a pointer.
element('pad').addEventListener('click', ({ detail, target }) => {
  if (detail === 0 && target.dataset.go) go(target.dataset.go);
});

element('code').textContent = code;
