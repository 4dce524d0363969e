/**
 * The way out of a forwarded message: buffers which go to the socket of the other channel as fragments of one
 * message, and come back when they have left. Whoever reads stalls while all of them are under way, so that one stream
 * holds no more than FORWARD_BUFFERS_MAX, and a fast source gives way to the others of this process at each of them.
 */
import { FORWARD_BUFFER_BYTES, FORWARD_BUFFERS_MAX } from '@skewbed/proto/limits.ts';
import { joined } from '../message-course.ts';
import type { Channel } from '../ports/network.ts';
import type { Outlet } from './bulk-bodies.ts';
import { LiveChannel } from './channel.ts';

/** Buffers of streams that have ended, for the next ones. */
const pool: Uint8Array[] = [];
const POOL_KEPT = 2 * FORWARD_BUFFERS_MAX;

/** Who stalls for want of a buffer, by the channel that has them all under way: messages, and several sources. */
const stalled = new WeakMap<LiveChannel, Set<() => void>>();

/** An outlet to that channel, for one message. `freed` is called when a buffer comes back after there was none. */
export function outletTo(to: Channel, freed: () => void): Outlet {
  return to instanceof LiveChannel && to.sendsFragments ? fragmentsTo(to, freed) : wholeTo(to);
}

function fragmentsTo(to: LiveChannel, freed: () => void): Outlet {
  return {
    buffer() {
      if (to.fragmentsUnderWay < FORWARD_BUFFERS_MAX) return pool.pop() ?? new Uint8Array(FORWARD_BUFFER_BYTES);
      const waiting = stalled.get(to) ?? new Set();
      stalled.set(to, waiting.add(freed));
      return null;
    },
    piece(buffer, length, place) {
      to.sendFragment(buffer.subarray(0, length), place, () => {
        if (pool.length < POOL_KEPT) pool.push(buffer);
        const waiting = stalled.get(to);
        stalled.delete(to);
        for (const proceed of waiting ?? []) proceed();
      });
    },
  };
}

/** A channel that takes whole messages only: one of a client. */
function wholeTo(to: Channel): Outlet {
  const pieces: Uint8Array[] = [];
  return {
    buffer: () => new Uint8Array(FORWARD_BUFFER_BYTES),
    piece(buffer, length, { last }) {
      pieces.push(buffer.subarray(0, length));
      if (last) to.send(joined({ parts: pieces, keep: 'copied' }));
    },
  };
}
