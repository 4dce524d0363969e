/** What the two XenLinux kernels have of their own: facts B.1, B.2, L.6 and L.12. */
import { describe, expect, it } from 'vitest';
import { runTrial, type Trial } from '../../laboratory.ts';
import { aheadOfHost, lastProbe, near, newSleepLate, s } from '../../readings.ts';

const K0 = 'xenlinux-2.6.18-2007';
const K1 = 'xenlinux-2.6.18';
const T1 = { uptimeA: s(1_000_000), move: { uptimeB: s(1_000_030), wallJump: s(-570), downtime: s(30) } };
const T2 = { uptimeA: s(200_000), move: { uptimeB: s(1_000_000), wallJump: s(-598), downtime: s(2) } };
const T3 = { uptimeA: s(1_000_000), move: { uptimeB: s(200_000), wallJump: s(2), downtime: s(2) } };
const SONG = { restore: 'song-2008', hostPatches: ['song-2008'] } as const;

const run = (trial: Omit<Trial, 'horizon'>, horizon = s(1_000)) => runTrial({ ...trial, horizon });

describe('M1 in numbers (B.2): save, wall back by 600 s, restore 30 s later, on K1', () => {
  const sleeps = [
    { armed: s(2), length: s(5), call: 'schedule-timeout' },
    { armed: s(3), length: s(5), call: 'futex-wait' },
    { armed: s(4), length: s(5), call: 'nanosleep' },
    { armed: s(5), length: s(5), call: 'absolute-realtime' },
    { armed: s(6), length: s(5), call: 'futex-lock-pi' },
  ] as const;
  const earlierSleeps = [{ armed: s(1), length: s(40), call: 'absolute-realtime' }] as const;
  const outcome = run({ kernel: K1, ...T1, sleeps, earlierSleeps });

  it('the date stands still for 570 s and never goes back', () => {
    near(outcome.step('dateNs'), 0n, 'step of the date');
    near(outcome.stuck('dateNs'), s(570), 'date');
  });

  it('the clock that arms sleeps jumps forward by 570 s, then stands still as well', () => {
    near(outcome.step('monotonicNs'), s(570), 'step of CLOCK_MONOTONIC');
    near(outcome.stuck('monotonicNs'), s(570), 'CLOCK_MONOTONIC');
  });

  it('jiffies go on, and with them select, TCP and FUTEX_WAIT', () => {
    near(outcome.stuck('jiffies'), 0n, 'jiffies');
    // One tick to round up to jiffies, one to be never early, one to wait for.
    near(outcome.late('sleep at 2'), 0n, 'schedule_timeout', 3n);
    near(outcome.late('sleep at 3'), 0n, 'FUTEX_WAIT', 3n);
  });

  it('a sleep is late by what is left of the freeze, and so is a lock with a REALTIME time-out', () => {
    near(outcome.late('sleep at 4'), s(570 - 4), 'nanosleep');
    near(outcome.late('sleep at 5'), s(570 - 5), 'absolute CLOCK_REALTIME');
    near(outcome.late('sleep at 6'), s(570 - 6), 'FUTEX_LOCK_PI');
  });

  it('a sleep that was armed before the stop comes on time, an absolute one as late as the clock was set back', () => {
    near(outcome.late('oldSleep'), 0n, 'the old sleep');
    near(outcome.late('sleep at -1'), s(600), 'absolute CLOCK_REALTIME');
  });

  it('the console is silent', () => {
    expect(outcome.history.filter((event) => event.kind === 'console')).toEqual([]);
  });
});

describe('settimeofday in a frozen ordinary domU (B.1)', () => {
  it('changes no wall, and thaws the date whatever it asks for', () => {
    const calls = [{ after: s(60), call: { call: 'settimeofday', toNs: 0n } }] as const;
    const outcome = run({ kernel: K1, ...T1, calls });
    near(outcome.stuck('dateNs'), s(60), 'date');
    near(aheadOfHost(outcome, s(61)), 0n, 'date against the host');
    near(newSleepLate(outcome), s(570), 'a sleep that was armed in the freeze');
  });
});

describe('K0', () => {
  it('shows the step back that K1 hides, and nothing waits for it', () => {
    const outcome = run({ kernel: K0, ...T1 });
    near(outcome.step('dateNs'), s(-570), 'step of the date');
    near(outcome.step('monotonicNs'), 0n, 'step of CLOCK_MONOTONIC');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });

  it('under song-2008 is 800,598 s ahead in T2 until a settime, and steps 800,000 s back in T3 (L.6)', () => {
    const t2 = run({ kernel: K0, ...T2, ...SONG, settimes: [{ after: s(60), by: 0n }] });
    near(aheadOfHost(t2, s(30)), s(800_598), 'date before the settime');
    near(aheadOfHost(t2, s(61)), 0n, 'date after the settime');
    near(run({ kernel: K0, ...T3, ...SONG }).step('dateNs'), s(-800_000), 'step of the date');
  });
});

describe.each([K0, K1] as const)('M0, the fault on purpose that keeps processed_system_time (%s)', (kernel) => {
  const trial = { kernel, ...T3, guestPatches: ['without-p-reset'] } as const;

  it('jiffies and every timer stand still until the uptime is there', () => {
    const outcome = run(trial, s(800_100));
    near(outcome.stuck('jiffies'), s(800_000), 'jiffies');
    near(outcome.late('oldSleep'), s(800_000), 'the old sleep');
  });

  it('the date goes on all the same, and CLOCK_MONOTONIC is off by the difference: see docs/contradictions.md', () => {
    const outcome = run(trial);
    near(outcome.stuck('dateNs'), 0n, 'date');
    near(aheadOfHost(outcome, s(60)), 0n, 'date against the host');
    near(outcome.step('monotonicNs'), s(-800_000), 'step of CLOCK_MONOTONIC');
    // Armed with a clock that lies 800,000 s back, it is due before it is armed: the next scan lets it go, 1 s early.
    near(outcome.late('newSleep'), s(-1), 'sleep(1)', 2n);
  });

  it('the console says so', () => {
    const line = run(trial).history.find((event) => event.kind === 'console')?.line;
    expect(line).toMatch(
      /^Timer ISR\/0: Time went backwards: delta=-\d+ delta_cpu=-\d+ shadow=\d+ off=\d+ processed=\d+ cpu_processed=\d+$/,
    );
  });

  it('does nothing on an older host', () => {
    near(newSleepLate(run({ ...trial, ...T2, move: { ...T2.move, wallJump: s(2) } })), 0n, 'sleep(1)');
    expect(lastProbe(run({ ...trial, ...T2 })).reading.jiffies).toBeGreaterThan(0n);
  });
});
