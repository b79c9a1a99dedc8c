// SPDX-License-Identifier: MIT
// The screen: draws the maze of a room, whose code stands in the page's address, and the ball.

import { connect, setPill } from '/pages/socket.js';

const element = (id) => document.getElementById(id);
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'; // none that looks like another

function makeCode() {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => letters[byte % letters.length]).join('');
}

if (!/^#[A-Z0-9]{4,8}$/.test(location.hash)) location.replace(`#${makeCode()}`);
const code = location.hash.slice(1);
addEventListener('hashchange', () => location.hash !== `#${code}` && location.reload());

function make(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The walls as one path: every cell's right and lower side that is not open, and the frame. */
function wallsOf({ width, height, cells }) {
  const lines = [`M0 0H${width}V${height}H0Z`];
  cells.forEach((open, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    if (!(open & 8)) lines.push(`M${x + 1} ${y}v1`);
    if (!(open & 2)) lines.push(`M${x} ${y + 1}h1`);
  });
  return lines.join('');
}

function draw(maze) {
  const { width, height } = maze;
  element('maze').setAttribute('viewBox', `-0.1 -0.1 ${width + 0.2} ${height + 0.2}`);
  element('maze').replaceChildren(
    make('path', { id: 'flag', d: `M${width - 0.7} ${height - 0.15}v-0.7l0.5 0.2l-0.4 0.2v0.3z` }),
    make('path', { id: 'walls', d: wallsOf(maze) }),
    make('circle', { id: 'ball', r: 0.3 }),
  );
}

let actions = 0;

connect(`ws/${code}/screen`, {
  pill: element('state'),
  onMessage(message) {
    if (message.cells) draw(message);
    if (message.at) {
      const [x, y] = message.at;
      element('ball').setAttribute('cx', x + 0.5);
      element('ball').setAttribute('cy', y + 0.5);
    }
    if (message.id !== undefined) element('actions').textContent = ++actions;
    if (message.solved !== undefined) element('solved').textContent = message.solved;
    if (message.phones !== undefined) {
      const words = message.phones === 1 ? '1 phone' : `${message.phones || 'no'} phones`;
      setPill(element('phones'), words, message.phones ? 'good' : '');
    }
  },
});

element('code').textContent = code;
element('phone').href = `phone.html#${code}`;
