/**
 * The invariants of facts K.7, 1 to 7, over random walls and uptimes, small and up to a million seconds, with the
 * corrections of section L. What a wall may do to a guest and what an uptime may do to it are kept apart throughout.
 */
import type { EventOf } from '@skewbed/proto/history.ts';
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outcome, runTrial, TICK_NS, type Trial, WALL_AT_STOP } from '../laboratory.ts';
import type { RestorePolicy } from '../migration/hand-over.ts';
import { RESTORE_POLICIES } from '../migration/toolstack-ops.ts';
import { lastProbe, near as nearly, newSleepLate, probesOf, s } from '../readings.ts';
import { maxOf } from '../time/nanos.ts';
import type { KernelName } from '../xen/host-event.ts';
import { readWallclock, SHARED_INFO } from '../xen/shared-info.ts';
import { CATCH_UP_LOOP_NS } from './guest.ts';
import { KERNEL_NAMES } from './kernels/index.ts';

const GUEST = 'guest';
const UPTIME_A = s(1_200_000);
const HORIZON = s(2_500_000);

/** A difference between two clocks: mostly seconds, at times a million of them. */
const difference = fc.oneof(
  fc.integer({ min: -5_000, max: 5_000 }).map((ms) => BigInt(ms) * NS_PER_MS),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map(s),
);
const downtime = fc.integer({ min: 0, max: 30_000 }).map((ms) => BigInt(ms) * NS_PER_MS);
const kernel = fc.constantFrom(...KERNEL_NAMES);
const policy = fc.constantFrom(...RESTORE_POLICIES);

/** A move to a host whose clocks are `wall` and `uptime` away from where A's will be. */
type Skewed = { readonly wall: bigint; readonly uptime: bigint; readonly downtime: bigint };
const skewed: fc.Arbitrary<Skewed> = fc.record({ wall: difference, uptime: difference, downtime });

function moved(kernel: KernelName, { wall, uptime, downtime }: Skewed, more: Partial<Trial> = {}): Trial {
  const song = more.restore === 'song-2008' ? { hostPatches: ['song-2008'] } : {};
  const move = { uptimeB: UPTIME_A + downtime + uptime, wallJump: downtime + wall, downtime };
  return { kernel, uptimeA: UPTIME_A, move, horizon: HORIZON, ...song, ...more };
}

function holds<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void, numRuns = 25): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      property(value);
    }),
    { numRuns, seed: 7 },
  );
}

/**
 * Two ticks: one for the interrupt, and in K2 one more, because xtime advances by whole ticks counted from cycle_last,
 * whose phase a move leaves anywhere between two interrupts.
 */
const near = (actual: bigint | null, expected: bigint, what: string): void => nearly(actual, expected, what, 2n);

/** UTC at system time 0 as the guest's shared page says, plus the system time of its host. */
function publishedWall({ host, reference }: Outcome): { published: bigint; wall: bigint } {
  const { uptimeNs, wallNs } = host.clocksAt(trueNs(reference + HORIZON));
  return { published: readWallclock(host.domain(GUEST).sharedInfo, 'u64').wcNs + uptimeNs, wall: wallNs };
}

describe('K.7.1: after a restore wc + system time is the wall of that host', () => {
  it.each(['fields-2007', 'stream-v3'] as const)('under %s, whatever the clocks', (restore) => {
    holds(fc.tuple(kernel, skewed), ([name, skew]) => {
      const { published, wall } = publishedWall(runTrial(moved(name, skew, { restore })));
      expect(published).toBe(wall);
    });
  });

  it.each(['copy-all', 'song-2008'] as const)('under %s it is off by what the differences differ in', (restore) => {
    holds(fc.tuple(kernel, skewed), ([name, skew]) => {
      const { published, wall } = publishedWall(runTrial(moved(name, skew, { restore })));
      expect(published - wall).toBe(skew.uptime - skew.wall);
    });
  });
});

describe('K.7.2: CLOCK_MONOTONIC never decreases', () => {
  const stops = fc.integer({ min: 1_000, max: 1_500 }).map((ms) => BigInt(ms) * NS_PER_MS + 1n);
  const settimes = fc.array(fc.record({ after: fc.integer({ min: 1, max: 100 }).map(s), by: difference }), {
    maxLength: 3,
  });

  /** The deepest drop from one probe to the next. */
  function drop(outcome: Outcome, seen = (_: EventOf<'probe'>): boolean => true): bigint {
    let deepest = 0n;
    let last: bigint | null = null;
    for (const { reading } of probesOf(outcome).filter(seen)) {
      if (last !== null) deepest = maxOf(deepest, last - reading.monotonicNs);
      last = reading.monotonicNs;
    }
    return deepest;
  }

  it('in K2, for whoever reads it: its guard cannot know what the last probe before the suspend left unread', () => {
    holds(fc.tuple(skewed, policy, settimes, stops), ([skew, restore, settimes, stop]) => {
      const outcome = runTrial(moved('suse-2.6.25', skew, { restore, settimes, stop }));
      expect(drop(outcome, ({ why }) => why !== 'suspend')).toBe(0n);
      expect(drop(outcome)).toBeLessThan(TICK_NS);
    });
  });

  it.each(['suse-2.6.31', 'pvops-2.6.27', 'pvops-2.6.35', 'pvops-6.12'] as const)('in %s', (name) => {
    holds(fc.tuple(skewed, policy, settimes, stops), ([skew, restore, settimes, stop]) => {
      expect(drop(runTrial(moved(name, skew, { restore, settimes, stop })))).toBe(0n);
    });
  });

  it('in K0 but for the part of a tick that time_resume drops with processed_system_time', () => {
    holds(fc.tuple(skewed, policy, settimes, stops), ([skew, restore, settimes, stop]) => {
      expect(drop(runTrial(moved('xenlinux-2.6.18-2007', skew, { restore, settimes, stop })))).toBeLessThan(TICK_NS);
    });
  });

  it('in K1 it does: a settime that ends an M1 freeze takes what was left of it', () => {
    const back = { wall: s(-600), uptime: 0n, downtime: s(30) };
    const outcome = runTrial(moved('xenlinux-2.6.18', back, { settimes: [{ after: s(60), by: s(600) }] }));
    near(drop(outcome), s(570 - 60), 'drop of CLOCK_MONOTONIC');
  });
});

describe('K.7.3: how long each mechanism holds a guest', () => {
  it("M1 (K1) lasts as long as the new host's wall is behind, on hosts of any uptime", () => {
    holds(fc.tuple(skewed, difference), ([skew, otherUptime]) => {
      const outcome = runTrial(moved('xenlinux-2.6.18', skew));
      const behind = maxOf(0n, -(skew.downtime + skew.wall));
      near(outcome.stuck('dateNs'), behind, 'date');
      near(newSleepLate(outcome), behind, 'sleep(1)');
      const elsewhere = runTrial(moved('xenlinux-2.6.18', { ...skew, uptime: otherUptime }));
      expect(elsewhere.late('newSleep')).toBe(outcome.late('newSleep'));
      expect(elsewhere.stuck('dateNs')).toBe(outcome.stuck('dateNs'));
    });
  });

  it('M1 counts from the last value that anybody read', () => {
    const back = { wall: s(-600), uptime: 0n, downtime: s(30) };
    // Without a reader the last one to look was oldSleep, when it was armed half a tick after the boot, 2 s before the stop.
    const unread = runTrial(moved('xenlinux-2.6.18', back, { reader: 'off' }));
    near(unread.stuck('dateNs'), s(570 - 2), 'date');
  });

  it.each(['copy-all', 'song-2008'] as const)(
    'M1 under %s lasts as long as the uptime is behind instead',
    (restore) => {
      holds(skewed, (skew) => {
        const outcome = runTrial(moved('xenlinux-2.6.18', skew, { restore }));
        near(outcome.stuck('dateNs'), maxOf(0n, -(skew.downtime + skew.uptime)), 'date');
      });
    },
  );

  it.each(['suse-2.6.25', 'pvops-2.6.35'] as const)('M2 (%s) lasts as long as the uptime is behind', (name) => {
    holds(fc.tuple(skewed, difference), ([skew, otherWall]) => {
      const outcome = runTrial(moved(name, skew));
      const behind = maxOf(0n, -(skew.downtime + skew.uptime));
      // On an older host K2 stands still for its catch-up loop (L.10): a third of a second at most, here.
      const ahead = maxOf(0n, skew.downtime + skew.uptime);
      const loop = name === 'suse-2.6.25' ? (ahead / TICK_NS) * CATCH_UP_LOOP_NS : 0n;
      near(outcome.stuck('monotonicNs'), maxOf(behind, loop), 'CLOCK_MONOTONIC');
      // A leap forward makes what was armed before it early, never what was armed after it.
      near(newSleepLate(outcome), behind, 'sleep(1)');
      const elsewhere = runTrial(moved(name, { ...skew, wall: otherWall }));
      expect(elsewhere.late('newSleep')).toBe(outcome.late('newSleep'));
      expect(elsewhere.stuck('monotonicNs')).toBe(outcome.stuck('monotonicNs'));
    });
  });

  it('M3 (K3) holds sched_clock as long as the uptime is behind, and no sleep', () => {
    holds(fc.tuple(skewed, difference), ([skew, otherWall]) => {
      const outcome = runTrial(moved('pvops-2.6.27', skew));
      near(outcome.stuck('schedClockNs'), maxOf(0n, -(skew.downtime + skew.uptime)), 'sched_clock');
      near(newSleepLate(outcome), 0n, 'sleep(1)');
      const elsewhere = runTrial(moved('pvops-2.6.27', { ...skew, wall: otherWall }));
      expect(elsewhere.stuck('schedClockNs')).toBe(outcome.stuck('schedClockNs'));
    });
  });

  it.each(['xenlinux-2.6.18-2007', 'suse-2.6.31', 'pvops-2.6.27', 'pvops-6.12'] as const)(
    'nothing holds %s',
    (name) => {
      holds(fc.tuple(skewed, policy), ([skew, restore]) => {
        near(newSleepLate(runTrial(moved(name, skew, { restore }))), 0n, 'sleep(1)');
      });
    },
  );
});

describe('K.7.4: hosts whose clocks agree harm nobody', () => {
  it.each(KERNEL_NAMES)('%s, under any policy', (name) => {
    holds(fc.tuple(downtime, policy), ([downtime, restore]) => {
      const agreed = moved(name, { wall: 0n, uptime: 0n, downtime }, { restore, horizon: s(100) });
      const outcome = runTrial(agreed);
      near(newSleepLate(outcome), 0n, 'sleep(1)');
      near(outcome.stuck('dateNs'), 0n, 'date');
      // What had 60 s left counts them on CLOCK_MONOTONIC; in K2 the downtime was monotonic time as well.
      const asleep = name === 'suse-2.6.25' ? downtime : 0n;
      near(outcome.late('oldSleep'), -asleep, 'the old sleep');
      near(outcome.step('monotonicNs'), asleep, 'CLOCK_MONOTONIC');
    });
  });

  it('K2 counts the downtime twice, until the next settime', () => {
    const settimes = [{ after: s(10), by: 0n }];
    const agreed = { wall: 0n, uptime: 0n, downtime: s(20) };
    const outcome = runTrial(moved('suse-2.6.25', agreed, { settimes, horizon: s(100) }));
    near(outcome.step('dateNs'), s(40), 'date');
    near(lastProbe(outcome).reading.dateNs, WALL_AT_STOP + s(20) + s(100), 'date after the settime');
  });
});

describe('K.7.5: song-2008 differs from fields-2007 in wc_sec and wc_nsec alone', () => {
  it.each(['suse-2.6.25', 'pvops-2.6.35'] as const)('%s: CLOCK_MONOTONIC and sleeps are the same', (name) => {
    holds(skewed, (skew) => {
      const seen = (restore: RestorePolicy) => {
        const outcome = runTrial(moved(name, skew, { restore }));
        const { reading } = lastProbe(outcome);
        return [outcome.late('newSleep'), outcome.late('oldSleep'), outcome.stuck('monotonicNs'), reading.monotonicNs];
      };
      expect(seen('song-2008')).toEqual(seen('fields-2007'));
    });
  });

  it('in the bytes of shared_info at the start', () => {
    holds(fc.tuple(kernel, skewed), ([name, skew]) => {
      const pageOf = (restore: RestorePolicy): Uint8Array =>
        runTrial(moved(name, skew, { restore, horizon: s(1) }))
          .host.domain(GUEST)
          .sharedInfo.slice();
      const [song, fields] = [pageOf('song-2008'), pageOf('fields-2007')];
      // wc_version is 0 where Xen's only update was skipped.
      for (const page of [song, fields]) page.fill(0, SHARED_INFO.wcVersion, SHARED_INFO.arch);
      // Time records count their updates; a guest that sleeps differently is switched in at other moments.
      for (const page of [song, fields]) page.fill(0, 0, SHARED_INFO.evtchnPending);
      expect(song).toEqual(fields);
    });
  });
});

describe('K.7.6: jiffies go at one rate whatever the wall does', () => {
  it.each(['xenlinux-2.6.18-2007', 'xenlinux-2.6.18', 'suse-2.6.25', 'suse-2.6.31', 'pvops-2.6.27'] as const)(
    '%s',
    (name) => {
      const settimes = fc.array(fc.record({ after: fc.integer({ min: 1, max: 90 }).map(s), by: difference }), {
        maxLength: 3,
      });
      holds(fc.tuple(skewed, difference, settimes, policy), ([skew, otherWall, settimes, restore]) => {
        const jiffies = (trial: Trial) => lastProbe(runTrial(trial)).reading.jiffies;
        const alone = jiffies(moved(name, skew, { horizon: s(100) }));
        expect(jiffies(moved(name, { ...skew, wall: otherWall }, { horizon: s(100), settimes, restore }))).toBe(alone);
      });
    },
  );
});

describe('K.7.7: the runstate times of a vCPU add up to its age on this host', () => {
  it.each(KERNEL_NAMES)('%s', (name) => {
    holds(fc.tuple(skewed, policy), ([skew, restore]) => {
      const outcome = runTrial(moved(name, skew, { restore, horizon: s(50) }));
      const now = outcome.host.clocksAt(trueNs(outcome.reference + s(50))).uptimeNs;
      // It was made when the stream ended, at the stop.
      const made = UPTIME_A + skew.uptime;
      for (const vcpu of outcome.host.domain(GUEST).vcpus) {
        const { timeNs, stateEntryTimeNs } = vcpu.runstateRecord();
        expect(timeNs.reduce((sum, ns) => sum + ns, 0n) + now - stateEntryTimeNs).toBe(now - made);
      }
    });
  });
});
