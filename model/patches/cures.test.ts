/**
 * Which fix cures which mechanism: the table of facts K.5 with the corrections of section L, one row a run. The matrix of
 * the experiments finds the same out through probes and checkers; this is the short form, on the bench.
 */
import { describe, expect, it } from 'vitest';
import { type Outcome, runTrial, type Trial } from '../laboratory.ts';
import { aheadOfHost, near, newSleepLate, s } from '../readings.ts';
import type { KernelName } from '../xen/host-event.ts';

const K0 = 'xenlinux-2.6.18-2007';
const K1 = 'xenlinux-2.6.18';
const K2 = 'suse-2.6.25';
const K3 = 'pvops-2.6.27';
const K4 = 'pvops-2.6.35';
const T1 = { uptimeA: s(1_000_000), move: { uptimeB: s(1_000_030), wallJump: s(-570), downtime: s(30) } };
const T2 = { uptimeA: s(200_000), move: { uptimeB: s(1_000_000), wallJump: s(-598), downtime: s(2) } };
const T3 = { uptimeA: s(1_000_000), move: { uptimeB: s(200_000), wallJump: s(2), downtime: s(2) } };
const T5 = { uptimeA: s(1_000_000), move: null, settime: s(-600) };

type Setting = Partial<Trial> & Pick<Trial, 'uptimeA' | 'move'>;
const run = (kernel: KernelName, setting: Setting, ...guestPatches: string[]): Outcome =>
  runTrial({ kernel, horizon: s(900_000), guestPatches, ...setting });
const onHosts = (kernel: KernelName, setting: Setting, ...hostPatches: string[]): Outcome =>
  runTrial({ kernel, horizon: s(900_000), hostPatches, ...setting });

const newSleep = (outcome: Outcome, seconds: number): void => near(newSleepLate(outcome), s(seconds), 'sleep(1)', 2n);
const date = (outcome: Outcome, stuck: number): void => near(outcome.stuck('dateNs'), s(stuck), 'date');

/** vCPU 0 runs with interrupts off, and nothing came back. */
function loops(outcome: Outcome): void {
  expect(outcome.late('newSleep')).toBeNull();
  expect(outcome.host.domain('guest').guest?.spinsUntil).not.toBeNull();
}

describe('M1, the wall guard of K1', () => {
  it('freezes by the wall without a fix: T1 570 s, T5 600 s', () => {
    newSleep(run(K1, T1), 570);
    newSleep(run(K1, T5), 600);
  });

  it.each(['independent-wallclock', 'reset-monotonic-tv'])('%s cures it, moved or not', (patch) => {
    for (const setting of [T1, T5]) {
      const outcome = run(K1, setting, patch);
      newSleep(outcome, 0);
      date(outcome, 0);
    }
  });

  it('reset-monotonic-tv shows the step, independent-wallclock hides it', () => {
    near(run(K1, T1, 'reset-monotonic-tv').step('dateNs'), s(-570), 'step');
    near(run(K1, T1, 'independent-wallclock').step('dateNs'), 0n, 'step');
  });

  it('arm-unguarded cures the sleeps and not the date', () => {
    const outcome = run(K1, T1, 'arm-unguarded');
    newSleep(outcome, 0);
    date(outcome, 570);
  });

  it.each(['clock-was-set-real'])('%s moves no clock', (patch) => newSleep(run(K1, T1, patch), 570));

  it('song-2008 cures T1 until the next settime, makes T3 a freeze, and knows nothing of T5', () => {
    newSleep(onHosts(K1, { ...T1, restore: 'song-2008' }, 'song-2008'), 0);
    date(onHosts(K1, { ...T1, restore: 'song-2008', settimes: [{ after: s(30), by: 0n }] }, 'song-2008'), 600);
    newSleep(onHosts(K1, T3), 0);
    newSleep(onHosts(K1, { ...T3, restore: 'song-2008' }, 'song-2008'), 800_000);
    newSleep(onHosts(K1, T5, 'song-2008'), 600);
  });

  it('not copying wc (fields-2007 after copy-all) cures the variant by the uptime', () => {
    newSleep(run(K1, { ...T3, restore: 'copy-all' }), 800_000);
    newSleep(run(K1, T3), 0);
  });

  it('uptime-continuity does not cure the variant by the wall', () =>
    newSleep(onHosts(K1, T1, 'uptime-continuity'), 570));

  it('refuse-wall-behind moves nothing where the wall is behind, and lets T3 through', () => {
    expect(() => onHosts(K1, T1, 'refuse-wall-behind')).toThrow(expect.objectContaining({ code: 'refused' }));
    newSleep(onHosts(K1, T3, 'refuse-wall-behind'), 0);
    newSleep(onHosts(K2, T3, 'refuse-wall-behind'), 800_000);
  });
});

describe('M2, the clocksource guard', () => {
  it.each([K2, K4] as const)('freezes %s by the uptime without a fix', (kernel) => newSleep(run(kernel, T3), 800_000));

  it('sysdev-resume cures K2, its leap forward in T2 and its double downtime', () => {
    newSleep(run(K2, T3, 'sysdev-resume'), 0);
    near(run(K2, T2, 'sysdev-resume').step('monotonicNs'), 0n, 'CLOCK_MONOTONIC');
    near(aheadOfHost(run(K2, T1, 'sysdev-resume'), s(1)), 0n, 'date against the host');
  });

  it('reset-last-value cures K4, M2b with it', () => {
    const outcome = run(K4, T3, 'reset-last-value');
    newSleep(outcome, 0);
    near(outcome.stuck('jiffies'), 0n, 'jiffies');
  });

  it('reset-last-value turns M2 of K2 into M4: cycle_last is not rebased (L.2)', () => {
    loops(run(K2, { ...T3, horizon: s(3_600) }, 'reset-last-value'));
  });

  it('rebase-cycle-last takes the leap forward away and leaves the guard', () => {
    near(run(K2, T2, 'rebase-cycle-last').step('monotonicNs'), 0n, 'CLOCK_MONOTONIC');
    newSleep(run(K2, T3, 'rebase-cycle-last'), 800_000);
  });

  it('both of them together cure K2 as sysdev-resume does', () => {
    newSleep(run(K2, T3, 'reset-last-value', 'rebase-cycle-last'), 0);
  });

  it('monotonic-guard gives K3 the freeze of K4', () => {
    newSleep(run(K3, T3), 0);
    newSleep(run(K3, T3, 'monotonic-guard'), 800_000);
  });

  it('uptime-continuity cures both', () => {
    for (const kernel of [K2, K4] as const) newSleep(onHosts(kernel, T3, 'uptime-continuity'), 0);
  });

  it('song-2008 does nothing for either', () => {
    for (const kernel of [K2, K4] as const)
      newSleep(onHosts(kernel, { ...T3, restore: 'song-2008' }, 'song-2008'), 800_000);
  });
});

describe('M3, the stale runstate of K3', () => {
  const schedClock = (outcome: Outcome, stuck: number): void =>
    near(outcome.stuck('schedClockNs'), s(stuck), 'sched_clock');

  it('holds sched_clock without a fix', () => schedClock(run(K3, T3), 800_000));

  it.each(['runstate-reregister', 'sched-clock-offset', 'sched-clock-system-time'])('%s cures it', (patch) =>
    schedClock(run(K3, T3, patch), 0),
  );

  it('sched-clock-offset alone has no leap', () => {
    near(run(K3, T3, 'sched-clock-offset').step('schedClockNs'), 0n, 'step');
    near(run(K3, T3, 'runstate-reregister').step('schedClockNs'), s(-2), 'step');
    near(run(K3, T3, 'sched-clock-system-time').step('schedClockNs'), s(-800_000), 'step', 2n);
  });

  it('uptime-continuity cures it', () => schedClock(onHosts(K3, T3, 'uptime-continuity'), 0));
});

describe('M4, the loop of the UP build of K2', () => {
  const up = { ...T3, build: 'up' } as const;

  it('is still at it after an hour without a fix', () => loops(run(K2, { ...up, horizon: s(3_600) })));

  it.each(['sysdev-resume', 'rebase-cycle-last'])('%s cures it', (patch) => newSleep(run(K2, up, patch), 0));

  it('uptime-continuity cures it', () => newSleep(onHosts(K2, up, 'uptime-continuity'), 0));
});

describe('an absolute CLOCK_REALTIME timer, armed before the wall was set back by 600 s', () => {
  const earlierSleeps = [{ armed: s(1), length: s(40), call: 'absolute-realtime' }] as const;
  const timer = (outcome: Outcome, late: number): void => near(outcome.late('sleep at -1'), s(late), 'timer', 2n);
  const setting = { ...T1, earlierSleeps };

  it.each([[], ['clock-was-set-real'], ['arm-unguarded'], ['reset-monotonic-tv']])(
    'is late by 600 s in K1 with %j',
    (...patches) => timer(run(K1, setting, ...patches), 600),
  );

  it('is on time but for the downtime in a guest that keeps its own wall, and under song-2008 until the next settime', () => {
    timer(run(K1, setting, 'independent-wallclock'), 30);
    timer(onHosts(K1, { ...setting, restore: 'song-2008' }, 'song-2008'), 0);
    timer(onHosts(K1, { ...setting, restore: 'song-2008', settimes: [{ after: s(5), by: 0n }] }, 'song-2008'), 600);
  });
});

describe('M0, processed_system_time kept over the move', () => {
  it.each([K0, K1] as const)('stops the jiffies of %s, and resetting it is what cures that', (kernel) => {
    near(run(kernel, T3, 'without-p-reset').stuck('jiffies'), s(800_000), 'jiffies');
    near(run(kernel, T3).stuck('jiffies'), 0n, 'jiffies');
  });

  it('uptime-continuity cures it', () => {
    const outcome = onHosts(K1, { ...T3, guestPatches: ['without-p-reset'] }, 'uptime-continuity');
    near(outcome.stuck('jiffies'), 0n, 'jiffies');
  });
});

describe('both hypothetical patches together', () => {
  it.each([K0, K1, K2, K3, K4] as const)(
    'leave no freeze for %s: it is moved in good health or not at all',
    (kernel) => {
      for (const setting of [T1, T2, T3]) {
        try {
          const outcome = onHosts(kernel, setting, 'uptime-continuity', 'refuse-wall-behind');
          newSleep(outcome, 0);
          date(outcome, 0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'refused' });
        }
      }
    },
  );

  it('K1 still freezes when somebody sets the clock back later (L.8)', () => {
    newSleep(onHosts(K1, T5, 'uptime-continuity', 'refuse-wall-behind'), 600);
  });
});
