/**
 * How megabytes pass a service without being copied in it. A message is sent as parts that lie where they lie, and one
 * that comes may take another course than to be gathered whole: its middle is scattered into places that are there
 * already (a guest's memory), or it is forwarded as it comes. Left out: anything about what the bytes mean.
 */
import type { Channel } from './network.ts';

/** A message in parts, which arrive as one. */
export type Parts = {
  readonly parts: readonly Uint8Array[];
  /** 'until-left': nobody writes to the parts before left(). 'copied': they are taken within the call, as by send(). */
  readonly keep: 'until-left' | 'copied';
  /** Makes the last part from all bytes before it, which it is shown in order, in pieces as long as they could be made. */
  readonly seal?: (pieces: readonly Uint8Array[]) => Uint8Array;
};

/** Where the bytes of a message go. */
export type Course = { readonly kind: 'gather' } | Scatter | Forward;

/** The bytes from offset `at` on go into these places, in order; what is before and behind is told at the end. */
export type Scatter = {
  readonly kind: 'scatter';
  readonly at: number;
  readonly into: readonly Uint8Array[];
  /** These bytes have come and are in their places: told in order, and while they are still in the cache. */
  landed(bytes: Uint8Array): void;
  /** The message is whole. `missing`: bytes for which there was a place and which did not come. Views are valid during the call. */
  ended(end: { readonly head: Uint8Array; readonly tail: Uint8Array; readonly missing: number }): void;
};

/** All bytes go on to another channel, at the pace at which its peer takes them; what is under way is bounded. */
export type Forward = {
  readonly kind: 'forward';
  readonly to: Channel;
  /** The message is whole, and was handed on as far as the other channel lives. */
  ended(bytes: number): void;
};
