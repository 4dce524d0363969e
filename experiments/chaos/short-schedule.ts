/**
 * Short schedules of a seed, for beds on which a second takes a second: everything begins within some seconds, few moves
 * and faults, and none that lasts long. The quiet at the end is as long as the time-outs need that are left after the last
 * fault: 6 s until a node dials again, 10 s until an order of the coordinator is given up, some to spare.
 */
import { SeededRandom } from '@skewbed/runtime/random.ts';
import { between } from './draws.ts';
import type { Fault } from './faults/index.ts';
import { drawSchedule, type Narrowing } from './generator.ts';
import type { Schedule } from './schedule.ts';

const LENGTH_MS = { least: 4000, most: 9000 } as const;
const FAULTS = { least: 2, most: 5 } as const;
const MOVES_MOST = 3;
export const SHORT_MOVE_LIMIT_MS = 8000;
export const SHORT_QUIET_MS = 15_000;

/** How long a fault lasts, and how long it waits for its message. */
const LASTS_MOST_MS = 3500;
const WAITS_MS = 4000;
const SILENCE_LEAST_MS = 1200;
/** A silence after which both sides have given up: some seconds more than the 15 s of the keep-alive, and one beat. */
const LONG_SILENCE_MS = 22_000;
const KEEP_ALIVE_MS = 15_000;
const LATE_MOST_MS = 500;
/** Processes may keep an order waiting, and the simulator shall ask as early as they do. */
const MOVE_LEAD_MS = 400;

/** The short schedule of a seed. */
export function drawShort(seed: number, narrowing: Narrowing): Schedule {
  const random = new SeededRandom(seed, 'short chaos schedule');
  const lengthMs = between(random, LENGTH_MS.least, LENGTH_MS.most);
  const faults = between(random, FAULTS.least, FAULTS.most);
  const drawn = drawSchedule(seed, { faults, lengthMs, ...narrowing });
  return {
    ...drawn,
    moveLimitMs: SHORT_MOVE_LIMIT_MS,
    quietMs: SHORT_QUIET_MS,
    moveLeadMs: MOVE_LEAD_MS,
    moves: drawn.moves.slice(0, MOVES_MOST),
    faults: drawn.faults.map(shortened),
  };
}

/** The same fault, over sooner. */
export function shortened(fault: Fault): Fault {
  const short = { ...fault };
  if ('waitsMs' in short) short.waitsMs = Math.min(short.waitsMs, WAITS_MS);
  if ('forMs' in short) short.forMs = Math.min(short.forMs, LASTS_MOST_MS);
  switch (short.kind) {
    case 'stall': {
      const { forMs } = fault as typeof short;
      return { ...short, forMs: forMs > KEEP_ALIVE_MS ? LONG_SILENCE_MS : Math.max(short.forMs, SILENCE_LEAST_MS) };
    }
    case 'strobe':
      return { ...short, cycles: Math.max(1, Math.min(short.cycles, Math.floor(LASTS_MOST_MS / 2 / short.everyMs))) };
    case 'shaping':
      return short.shape === 'bandwidth' ? short : { ...short, amount: Math.min(short.amount, LATE_MOST_MS) };
    case 'slow-host':
      return { ...short, byMs: Math.min(short.byMs, LATE_MOST_MS) };
    default:
      return short;
  }
}
