// SPDX-License-Identifier: MIT
// Senders that never get tired and readers that stop: what backpressure is measured with.

import { residentBound } from './build.mjs';
import { settled } from './deadline.mjs';
import { residentMemory } from './process_stats.mjs';

// What Wherry may hold for one stalled reader: the queue's high mark and one read.
const HELD_PER_READER = 2 * 64 * 1024;

/** Writes block again and again as long as the socket takes it, up to limit bytes. */
export function flood(socket, block, limit) {
  let sent = 0;
  const more = () => {
    while (sent < limit) {
      sent += block.length;
      if (!socket.write(block)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

/**
 * Waits until nothing flows any more, then gives what Wherry's memory grew by and the most
 * that it may have grown with so many stalled readers.
 */
export async function stalledGrowth(wherry, before, peers, sockets) {
  const flowed = () => sockets.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
  await settled(flowed, 'the senders are held back');
  return {
    growth: residentMemory(wherry.pid) - before,
    bound: residentBound(peers * HELD_PER_READER),
  };
}
