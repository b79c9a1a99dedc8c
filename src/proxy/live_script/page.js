// SPDX-License-Identifier: MIT
// Wherry's live.js: polls of live URLs, answered from a WebSocket. One line in a page,
// before its own scripts:
//
//   <script src="/.wherry/live.js"></script>
//
// The page polls on, by fetch or XMLHttpRequest, and knows nothing of it. An answer from a
// live route has the field Wherry-Live. A URL with such answers that is asked for again is
// followed: over the page's one WebSocket (wherry.v1, see wherry-push(7)), else over
// server-sent events; and polls of it are answered here, with what came last. All else goes
// to the network, as it would without this script: what is not a plain GET, what is not
// followed yet, and everything while the server can't be reached or says that its backend
// can't.
//
// For new code: `wherry:change` events at the document tell each change,
//
//   document.addEventListener('wherry:change', ({ detail }) => show(detail.url, detail.data));
//
// and wherry.follow(url) follows what nothing polls, until wherry.unfollow(url).
//
// live_script.sh joins these files, this one last, and puts one function around them. They
// only define; what is done to the page begins with start().

const lives = new Map(); // by path
const count = (test) => [...lives.values()].filter(test).length;

let awakeAt = Date.now();

function liveOf(path) {
  if (!lives.has(path)) lives.set(path, new Live(path));
  return lives.get(path);
}

function doubtAll() {
  lives.forEach((live) => { live.isDoubted = true; });
}

function disconnect() {
  lives.forEach((live) => live.disconnect());
  link.close();
}

function reconnect() {
  disconnect();
  lives.forEach((live) => live.connect());
}

// Called in each poll, and each half minute. Where it was not for long, the computer slept:
// connections may be dead and not know it.
function stayAwake() {
  const hasSlept = Date.now() - awakeAt > FORGOTTEN_MS;
  awakeAt = Date.now();
  if (hasSlept) reconnect();
}

function leaveUnused(live) {
  if (live.isPinned || performance.now() - live.askedAt < FORGOTTEN_MS) return;
  live.leave();
  lives.delete(live.path);
}

// What nothing polls has its turn, too: to be followed when there is room, and to be checked.
function tick() {
  stayAwake();
  lives.forEach(leaveUnused);
  for (const live of lives.values()) {
    if (!live.isPinned) continue;
    if (live.isCurrent) live.check();
    else live.follow();
  }
}

function start() {
  standInForFetch();
  standInForXhr();

  setInterval(tick, CHECKED_MS);
  // A page with a connection can't be kept for the way back; the next poll connects again.
  window.addEventListener('pagehide', () => lives.forEach((live) => live.leave()));
  window.addEventListener('pageshow', () => lives.forEach((live) => live.isPinned && live.follow()));
  // Polls tell that the network is away; what was connected by another one may be dead.
  window.addEventListener('offline', doubtAll);
  window.addEventListener('online', reconnect);

  window.wherry = {
    follow(url) {
      const path = pathOf(url);
      if (!path) throw new TypeError(`wherry.follow: ${url} is not of this server`);
      liveOf(path).isPinned = true;
      liveOf(path).follow();
    },

    unfollow(url) {
      const live = lives.get(pathOf(url));
      if (!live) return;
      live.isPinned = false;
      leaveUnused(live);
    },
  };
}

// Once for a page. An element whose id is wherry is there by that name, too.
if (!window.wherry || !window.wherry.follow) start();
