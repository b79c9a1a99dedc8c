// SPDX-License-Identifier: MIT
// What the page sends: behind a log-in a URL may be another user's, and whoever sends something
// wants to see it.

const ANEW_MS = 10e3; // between two beginnings, for pages that send again and again

// Another server can log in only by cookies, which it can't set in an answer without
// credentials.
const mayLogIn = (address, hasCredentials) => hasCredentials || isOfThisServer(address);

// Lines made before a log-in have the cookies from before, and bodies for those. So they end
// when something is sent, and begin anew once it was; all goes to the network meanwhile.
const sent = {
  underWay: 0,
  begunAt: -Infinity,
  timer: 0, // until the lines begin anew

  // Is something to be waited for, before anything is answered here?
  isAhead() {
    return this.underWay > 0 || this.timer !== 0;
  },

  begin() {
    this.underWay++;
    this.forget();
  },

  end() {
    this.underWay--;
    this.beginAnew();
  },

  forget() {
    doubtAll();
    lives.forEach((live) => Object.assign(live, { id: '', body: null }));
    disconnect();
  },

  beginAnew() {
    this.forget();
    if (this.timer) return;
    const wait = Math.max(0, this.begunAt + ANEW_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.underWay > 0) return; // its end comes here again
      this.begunAt = performance.now();
      lives.forEach((live) => live.connect());
    }, wait);
  },
};
