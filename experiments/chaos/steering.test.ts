/** What steering does where time is short: on a bed of the simulator that is as hasty, or as patient, as a real one. */
import { describe, expect, it } from 'vitest';
import { oneMove } from './one-move.ts';
import type { Pace } from './run-bed.ts';
import { quietFromMs, quietMsOf } from './schedule.ts';
import { SimBed } from './sim-bed.ts';
import { Steering } from './steering.ts';

const schedule = oneMove([], { quietMs: 5000, moveLimitMs: 2000 });

class PacedBed extends SimBed {
  override readonly pace: Pace;

  constructor(pace: Partial<Pace>, restarted: (host: string) => void) {
    super(schedule, null, restarted);
    this.pace = { leadMs: 100, moveLeadMs: 60, patienceMs: 0, ...pace };
  }
}

/** Steers to the end, after something was done to the bed. */
function steered(pace: Partial<Pace>, before: (bed: PacedBed) => void = () => {}) {
  const bed: PacedBed = new PacedBed(pace, (host) => steering.hostRestarted(host));
  const steering: Steering = new Steering(bed, schedule);
  before(bed);
  bed.simulation.run({ done: () => steering.ended });
  return { bed, steering };
}
const starts = ({ history }: SimBed): number => history.filter(({ kind }) => kind === 'host-started').length;

describe('the beginning', () => {
  it('is the first one where everybody is there in time', () => {
    expect(starts(steered({}).bed)).toBe(2);
  });

  it('is made anew with more time where hosts are late for it, and the guest runs and moves all the same', () => {
    const { bed, steering } = steered({ leadMs: 0.2 });
    expect(starts(bed)).toBeGreaterThan(2);
    expect(steering.violations).toEqual([]);
    const moved = bed.history.filter((event) => event.kind === 'guest-started').map(({ host, at }) => ({ host, at }));
    expect(moved.map(({ host }) => host)).toEqual(['a', 'b']);
    expect(moved[0]?.at).toBe(steering.origin);
  });
});

describe('the last look', () => {
  /** Host b dies before it, and is back some seconds after it. */
  const late = (bed: PacedBed): void => {
    const endMs = quietFromMs(schedule) + quietMsOf(schedule);
    bed.after(endMs, () => {
      bed.process('b').crash(() => {});
      bed.after(3000, () => bed.process('b').restart());
    });
  };

  it('finds a host that is not there', () => {
    expect(steered({}, late).steering.violations).toMatchObject([{ checker: 'liveness' }]);
  });

  it('waits for it where a machine may be busy', () => {
    const { steering, bed } = steered({ patienceMs: 6000 }, late);
    expect(steering.violations).toEqual([]);
    expect(bed.history.filter(({ kind, host }) => kind === 'frames-audit' && host === 'b')).toHaveLength(1);
  });
});
