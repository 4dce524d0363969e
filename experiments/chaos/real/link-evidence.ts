/** What the proxy handed on while a fault of a link lasted, and what that says of the fault. */
import type { TrueNs } from '@skewbed/proto/units.ts';
import { msOfNs } from '../duration.ts';
import type { LinkChange, Seen } from '../faults/fault.ts';
import type { Delivery } from './lane.ts';

export type Sightings = {
  readonly since: TrueNs;
  until: TrueNs;
  /** What was read after the fault had begun, and handed on before it ended. */
  readonly begun: Delivery[];
  /** Pieces handed on at all. */
  all: number;
  /** Dials that nobody was let through for. */
  turnedAway: number;
};

/** With so many pieces chance is no excuse any more for jitter that is not there. */
const ENOUGH_PIECES = 8;

/** Of a silence: nothing came through. */
export function nothingSeen({ all }: Sightings): Seen {
  if (all > 0) return { outcome: 'mismatch', detail: `${all} pieces came through all the same` };
  return { outcome: 'confirmed', detail: '' };
}

/** Of a cut: what was open broke, and nothing came through. */
export function bytesSeen({ all, turnedAway, broke }: Sightings & { readonly broke: number }): Seen {
  if (all > 0) return { outcome: 'mismatch', detail: `${all} pieces came through all the same` };
  if (broke + turnedAway === 0) return { outcome: 'inconclusive', detail: '' };
  return { outcome: 'confirmed', detail: `${broke} connections broke, ${turnedAway} dials were turned away` };
}

/** Of a link that is longer, uneven or narrow: what passed it took accordingly long. */
export function shapeSeen(change: LinkChange, { begun, since, until }: Sightings): Seen {
  if (begun.length === 0) return { outcome: 'inconclusive', detail: '' };
  const took = begun.map(({ readAt, wroteAt }) => msOfNs(wroteAt - readAt));
  const [least, most] = [Math.min(...took), Math.max(...took)];
  const bytes = begun.reduce((sum, each) => sum + each.bytes, 0);
  const { delayMs, jitterMs, bytesPerSecond } = change;
  const detail = `${begun.length} pieces took ${least.toFixed(1)} to ${most.toFixed(1)} ms`;
  const wrong =
    (delayMs !== undefined && least < delayMs) ||
    (jitterMs !== undefined && begun.length >= ENOUGH_PIECES && most < jitterMs / 100) ||
    // Each direction has its own bandwidth.
    (bytesPerSecond !== undefined && bytes > 2 * bytesPerSecond * (msOfNs(until - since) / 1000));
  return { outcome: wrong ? 'mismatch' : 'confirmed', detail };
}
