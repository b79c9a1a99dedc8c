// SPDX-License-Identifier: MIT
// The one WebSocket of a page, over which several live URLs are followed.

import { eventually } from './deadline.mjs';
import { connectWebSocket } from './ws_client.mjs';

class Page {
  constructor(client) {
    this.client = client;
    this.envelopes = new Map(); // by their URLs
    client.keep = ({ data }) => {
      const envelope = JSON.parse(data);
      this.kept(envelope.channel).push(envelope);
    };
  }

  kept(url) {
    if (!this.envelopes.has(url)) this.envelopes.set(url, []);
    return this.envelopes.get(url);
  }

  say(message) {
    return this.client.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  follow(url, more = {}) {
    return this.say({ follow: url, ...more });
  }

  unfollow(url) {
    return this.say({ unfollow: url });
  }

  /** The next envelope of that URL. */
  next(url) {
    return eventually(() => this.kept(url).shift(), `something of ${url}`);
  }

  /** Asks for that URL and gives the status with which it is refused. */
  async refusal(url) {
    await this.follow(url);
    const { event, data } = await this.next(url);
    if (event !== 'status' || data.state !== 'refused') throw new Error(`${event} instead of a refusal`);
    return data.status;
  }
}

export async function openLivePage(t, wherry, headers = {}) {
  const options = { protocols: ['wherry.v1'], headers };
  return new Page(await connectWebSocket(t, `${wherry.webSocketUrl}/.wherry/live`, options));
}
