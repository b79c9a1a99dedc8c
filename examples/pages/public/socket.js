// SPDX-License-Identifier: MIT
// A WebSocket that comes back: after a while that doubles and is different for everybody, so
// that a restart is not followed by all clients at once.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8000;

/**
 * Connects to a path of this site. onMessage(parsed JSON), onOpen() each time it is there, and
 * the pill, if any, says how it is. Gives send(value): false while there is no connection.
 */
export function connect(path, { protocols = [], onMessage, onOpen = () => {}, pill }) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  let delay = FIRST_DELAY_MS;
  let socket;

  function open() {
    socket = new WebSocket(url, protocols);
    socket.onopen = () => {
      delay = FIRST_DELAY_MS;
      setPill(pill, 'connected', 'good');
      onOpen();
    };
    socket.onmessage = ({ data }) => onMessage(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      setPill(pill, `closed with ${code}${reason && `, ${reason}`}; trying again`, 'bad');
      setTimeout(open, delay * (0.5 + Math.random()));
      delay = Math.min(delay * 2, LONGEST_DELAY_MS);
    };
  }

  open();
  return function send(value) {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(typeof value === 'string' ? value : JSON.stringify(value));
    return true;
  };
}

/** mood: good, bad or nothing. */
export function setPill(pill, text, mood = '') {
  if (!pill) return;
  pill.textContent = text;
  pill.className = `pill ${mood}`;
}
