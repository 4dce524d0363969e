/** What the three pv-ops kernels have of their own: facts B.4, B.6, L.5, L.6 and L.9. */
import { describe, expect, it } from 'vitest';
import { runTrial, type Trial } from '../../laboratory.ts';
import { aheadOfHost, lastProbe, near, newSleepLate, probesOf, s } from '../../readings.ts';

const K3 = 'pvops-2.6.27';
const K4 = 'pvops-2.6.35';
const K5 = 'pvops-6.12';
const T2 = { uptimeA: s(200_000), move: { uptimeB: s(1_000_000), wallJump: s(-598), downtime: s(2) } };
const T3 = { uptimeA: s(1_000_000), move: { uptimeB: s(200_000), wallJump: s(2), downtime: s(2) } };
const T4 = { uptimeA: s(1_000_000), move: { uptimeB: s(200_000), wallJump: s(-598), downtime: s(2) } };
const SONG = { restore: 'song-2008', hostPatches: ['song-2008'] } as const;

const run = (trial: Omit<Trial, 'horizon'>, horizon = s(120)) => runTrial({ ...trial, horizon });

describe('K3', () => {
  it('keeps a sched_clock that stands still on a younger host, and goes on without stolen time when it is released', () => {
    const outcome = run({ kernel: K3, ...T3 }, s(900_000));
    near(outcome.step('schedClockNs'), 0n, 'step of sched_clock');
    near(outcome.stuck('schedClockNs'), s(800_000), 'sched_clock');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });

  it('lets it leap by the difference on an older one', () => {
    near(run({ kernel: K3, ...T2 }).step('schedClockNs'), s(800_000), 'step of sched_clock');
  });

  it('with the area registered again leaps back to near zero instead (L.9)', () => {
    const outcome = run({ kernel: K3, ...T3, guestPatches: ['runstate-reregister'] });
    near(outcome.step('schedClockNs'), s(-2), 'step of sched_clock');
    near(outcome.stuck('schedClockNs'), 0n, 'sched_clock');
  });

  it('ignores a wall that is behind, and follows no settime afterwards', () => {
    const outcome = run({ kernel: K3, ...T4, settimes: [{ after: s(30), by: s(-50) }] });
    near(outcome.step('dateNs'), 0n, 'step of the date');
    near(aheadOfHost(outcome, s(29)), s(598), 'date before the settime');
    near(aheadOfHost(outcome, s(60)), s(648), 'date after the settime');
  });
});

describe('K4 reads the wall through its guard (L.5)', () => {
  it('so T3 throws the date 800,000 s ahead, where it stands until the host is there too', () => {
    const outcome = run({ kernel: K4, ...T3 }, s(800_100));
    near(outcome.step('dateNs'), s(800_002), 'step of the date');
    near(aheadOfHost(outcome), s(800_000), 'date against the host', 2n);
    near(outcome.stuck('dateNs'), s(800_000), 'date');
    const { reading, wallNs } = lastProbe(outcome);
    near(reading.dateNs - (wallNs as bigint), 0n, 'date after the freeze');
  });

  it('and T4 by 799,402 s', () => {
    near(run({ kernel: K4, ...T4 }).step('dateNs'), s(799_402), 'step of the date');
  });

  it('and song-2008 takes that away: no step in T3, but 800,002 s behind after the freeze', () => {
    const outcome = run({ kernel: K4, ...T3, ...SONG }, s(800_100));
    near(outcome.step('dateNs'), 0n, 'step of the date');
    const { reading, wallNs } = lastProbe(outcome);
    near(reading.dateNs - (wallNs as bigint), s(-800_002), 'date after the freeze');
  });

  it('gets no timer interrupt while Xen holds its deadline, and still answers events (M2b)', () => {
    const outcome = run({ kernel: K4, ...T3 }, s(3600));
    const probes = probesOf(outcome).filter((probe) => probe.at >= outcome.reference);
    expect(new Set(probes.map((probe) => probe.reading.timerInterrupts)).size).toBe(1);
    expect(lastProbe(outcome).reading.vcpu).toBe('blocked');
    expect(outcome.history.some((event) => event.kind === 'timer-armed' && event.timer === 'newSleep')).toBe(true);
  });

  it('on an older host goes on as if nothing had happened', () => {
    const outcome = run({ kernel: K4, ...T2 });
    near(outcome.step('monotonicNs'), 0n, 'step of CLOCK_MONOTONIC');
    near(outcome.late('oldSleep'), 0n, 'the old sleep');
  });
});

describe('dates under song-2008 of kernels that follow no settime (L.6)', () => {
  it.each([K3, K4, K5] as const)('T2: %s is 800,598 s ahead for ever', (kernel) => {
    const outcome = run({ kernel, ...T2, ...SONG, settimes: [{ after: s(30), by: 0n }] });
    near(aheadOfHost(outcome, s(60)), s(800_598), 'date against the host');
  });

  it.each([K3, K5] as const)('T3: %s loses the downtime', (kernel) => {
    const outcome = run({ kernel, ...T3, ...SONG });
    near(aheadOfHost(outcome, s(60)), s(-2), 'date against the host');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });
});

describe('K5', () => {
  it.each([
    ['an older', T2],
    ['a younger', T3],
  ])('has a sched_clock that goes on across a move to %s host', (_, moved) => {
    const outcome = run({ kernel: K5, ...moved });
    near(outcome.step('schedClockNs'), 0n, 'step of sched_clock');
    near(outcome.stuck('schedClockNs'), 0n, 'sched_clock');
  });
});
