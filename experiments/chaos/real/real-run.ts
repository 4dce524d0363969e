/**
 * Runs one schedule on real nodes, in real time, and judges it as a run of the simulator is judged. Steering and checkers
 * are the same; beside them a run has a limit, because no simulator tells that nothing is going to happen any more.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { type ChaosRun, checkedRun } from '../chaos-run.ts';
import type { Violation } from '../checkers/checker.ts';
import { nsOfMs } from '../duration.ts';
import { quietFromMs, quietMsOf, type Schedule } from '../schedule.ts';
import { Steering } from '../steering.ts';
import type { OpenRealBed, RealBed } from './real-bed.ts';

/** How a bed is opened: on processes, or in containers. */
export type OpenBed = (schedule: Schedule, options: OpenRealBed) => Promise<RealBed>;

export type RealRun = ChaosRun & { readonly testbed: RealBed['testbed'] };

export type RealRunOptions = {
  /** Told how far the run has come, in [0, 1]. */
  readonly progress?: (part: number) => void;
  readonly makeLink?: OpenRealBed['makeLink'];
};

const LOOK_MS = 100;
/** After its end, for answers that are under way; a run that takes longer hangs. */
const GRACE_MS = 20_000;

/** How long a run of this schedule takes, about. */
export const lengthMs = (schedule: Schedule): number => quietFromMs(schedule) + quietMsOf(schedule);

/** Runs it. Throws only where the bed does not come up. */
export async function runReal(open: OpenBed, asked: Schedule, options: RealRunOptions = {}): Promise<RealRun> {
  let steering: Steering | null = null;
  const bed = await openedTwice(open, asked, {
    restarted: (host) => steering?.hostRestarted(host),
    ...(options.makeLink === undefined ? {} : { makeLink: options.makeLink }),
  });
  const schedule = quietFor(asked, bed.leastQuietMs);
  try {
    steering = new Steering(bed, schedule);
    const crashes = await ended(bed, steering, { mostMs: lengthMs(schedule) + GRACE_MS, ...options });
    const endedAt = bed.runner.clock.now();
    await bed.stop();
    const { heard, start } = bed;
    const record = {
      schedule,
      origin: trueNs(steering.origin - start),
      events: heard.inOrder(start),
      journal: await bed.journal(),
    };
    const others = steering.violations.map((each) => ({ ...each, atNs: each.atNs - start }));
    const run = checkedRun(record, { crashes, others });
    return { ...run, testbed: bed.testbed, steps: 0, simulatedNs: endedAt - start };
  } finally {
    await bed.close();
  }
}

/** A machine that is busy for a while is not yet a reason to end a campaign. */
async function openedTwice(...[open, ...how]: [OpenBed, ...Parameters<OpenBed>]): Promise<RealBed> {
  try {
    return await open(...how);
  } catch (thrown) {
    if (!(thrown instanceof SkewbedError) || thrown.code !== 'timed-out') throw thrown;
    return open(...how);
  }
}

const quietFor = (schedule: Schedule, leastMs: number): Schedule =>
  quietMsOf(schedule) >= leastMs ? schedule : { ...schedule, quietMs: leastMs };

/** Waits for the end of the run; gives what ended it too early. */
function ended(
  bed: RealBed,
  steering: Steering,
  { mostMs, progress }: RealRunOptions & { readonly mostMs: number },
): Promise<readonly Violation[]> {
  const { clock } = bed.runner;
  const began = clock.now();
  const deadline = began + nsOfMs(mostMs + bed.pace.leadMs + bed.pace.patienceMs);
  return new Promise((resolve) => {
    const look = (): void => {
      const atNs = clock.now() - bed.start;
      progress?.(Math.min(1, Number((clock.now() - began) / 1_000_000n) / mostMs));
      const [failure] = bed.failures;
      if (failure !== undefined) {
        resolve([{ checker: 'crash', atNs, what: `${failure.code}: ${failure.message}` }]);
      } else if (steering.ended) resolve([]);
      else if (clock.now() > deadline) {
        const what = `the run has no end: after ${mostMs / 1000} s some host has not answered the last look`;
        resolve([{ checker: 'liveness', atNs, what }]);
      } else bed.after(LOOK_MS, look);
    };
    look();
  });
}
