// SPDX-License-Identifier: MIT
// A grid of notes. A press goes to the room's channel, and comes back to everybody in it, to
// who pressed as well. There is no application on the other side: Wherry is the room.

import { connect, setPill } from '/pages/socket.js';

const element = (id) => document.getElementById(id);

if (!/^#[a-z0-9-]{1,40}$/.test(location.hash)) location.replace('#harbour');
const room = location.hash.slice(1);
addEventListener('hashchange', () => location.hash !== `#${room}` && location.reload());

// Five rows of a pentatonic scale, the highest first: whatever is played together sounds well.
const names = ['C', 'D', 'E', 'G', 'A'];
const semitones = [0, 2, 4, 7, 9];
const lowestHertz = 65.41; // C2
const octaves = 5;
const notes = Array.from({ length: octaves }, (_, row) => octaves - 1 - row).flatMap((octave) =>
  names.map((name, degree) => ({
    name: `${name}${octave + 2}`,
    hertz: lowestHertz * 2 ** (octave + semitones[degree] / 12),
  })));

const me = crypto.getRandomValues(new Uint32Array(1))[0];
const hue = me % 360;
const pressedAt = [];
let heard = 0;

const audio = new AudioContext();

function sound(hertz) {
  if (audio.state !== 'running') return; // or they would all sound at the first click
  const now = audio.currentTime;
  const oscillator = new OscillatorNode(audio, { type: 'triangle', frequency: hertz });
  const volume = new GainNode(audio, { gain: 0.2 });
  volume.gain.setTargetAtTime(0, now + 0.02, 0.25);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(now);
  oscillator.stop(now + 2);
}

const pads = notes.map(({ name }, index) => {
  const pad = document.createElement('button');
  pad.textContent = name;
  pad.addEventListener('pointerdown', () => press(index));
  pad.addEventListener('click', ({ detail }) => detail === 0 && press(index)); // by key
  return pad;
});

function light(pad, hueOfPlayer) {
  pad.style.setProperty('--hue', hueOfPlayer);
  pad.classList.remove('lit');
  void pad.offsetWidth; // starts the animation anew
  pad.classList.add('lit');
}

function press(index) {
  audio.resume();
  if (send({ data: { note: index, by: me, hue } })) pressedAt.push(performance.now());
}

/** Of anybody: what is no note of ours is left alone. */
function play({ note, by, hue: hueOfPlayer }) {
  if (!pads[note]) return;
  sound(notes[note].hertz);
  light(pads[note], Number(hueOfPlayer) || 0);
  element('heard').textContent = ++heard;
  if (by === me && pressedAt.length > 0) {
    element('echo').textContent = `${Math.round(performance.now() - pressedAt.shift())} ms`;
  }
}

// wherry-push(7) describes the envelopes of wherry.v1.
const send = connect(`rooms/${room}`, {
  protocols: ['wherry.v1'],
  pill: element('state'),
  onOpen: () => { pressedAt.length = 0; },
  onMessage({ event, data }) {
    if (event === 'message') play(Object(data));
    if (event === 'presence') setPill(element('people'), `${data.count} here`, 'good');
  },
});

element('room').textContent = room;
element('pads').append(...pads);
