/** What SUSE's two ports have of their own: facts B.3 and L.1 to L.3, L.6, L.7, L.9, L.10. */
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { runTrial, type Trial } from '../../laboratory.ts';
import { aheadOfHost, eventsOf, lastProbe, near, newSleepLate, probesOf, s } from '../../readings.ts';

const K2 = 'suse-2.6.25';
const K2_LATER = 'suse-2.6.31';
/** Save, set the wall back 600 s, restore on the same host 30 s later. */
const T1 = { uptimeA: s(1_000_000), move: { uptimeB: s(1_000_030), wallJump: s(-570), downtime: s(30) } };
/** To an older host whose wall is 598 s behind. */
const T2 = { uptimeA: s(200_000), move: { uptimeB: s(1_000_000), wallJump: s(-598), downtime: s(2) } };
/** To a younger host; the walls agree. */
const T3 = { uptimeA: s(1_000_000), move: { uptimeB: s(200_000), wallJump: s(2), downtime: s(2) } };

const run = (trial: Omit<Trial, 'horizon'>, horizon = s(120)) => runTrial({ ...trial, horizon });

describe("K2' and the number of the last wall clock that it saw (L.3)", () => {
  // A fresh domain's page is at version 2 on every host, so a guest of a host whose dom0 never set its clock comes from 2 to 2.
  it('does not notice a wall that went back, when the version happens to be the same', () => {
    const outcome = run({ kernel: K2_LATER, ...T1 });
    near(outcome.step('dateNs'), 0n, 'step of the date');
    near(aheadOfHost(outcome, s(60)), s(570), 'date against the host');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });

  it('notices it at the next settime, be it of no step at all', () => {
    const outcome = run({ kernel: K2_LATER, ...T1, settimes: [{ after: s(60), by: 0n }] });
    near(aheadOfHost(outcome, s(59)), s(570), 'date before the settime');
    near(aheadOfHost(outcome, s(61)), 0n, 'date after the settime');
  });

  it('takes the wall from the host at the first tick when the versions differ', () => {
    const outcome = run({ kernel: K2_LATER, ...T1, sourceSettimes: [0n] });
    expect(eventsOf(outcome.history, 'wallclock-published').map((event) => event.version)).toEqual([2, 4, 2]);
    near(outcome.step('dateNs'), s(-570), 'step of the date');
    near(aheadOfHost(outcome, s(1)), 0n, 'date against the host');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });

  it('takes it too under song-2008, which leaves the version of a blank page', () => {
    const outcome = run({ kernel: K2_LATER, ...T3, restore: 'song-2008', hostPatches: ['song-2008'] });
    near(outcome.step('dateNs'), s(-800_000), 'step of the date');
    near(newSleepLate(outcome), 0n, 'sleep(1)');
  });

  it('goes forward in whole seconds when the wall did', () => {
    const ahead = { uptimeA: s(1_000), move: { uptimeB: s(500), wallJump: 100_700n * NS_PER_MS, downtime: s(2) } };
    const outcome = run({ kernel: K2_LATER, ...ahead, stop: 2_000n * NS_PER_MS });
    near(outcome.step('dateNs'), s(100), 'step of the date');
    near(outcome.step('monotonicNs'), 0n, 'step of CLOCK_MONOTONIC');
  });
});

describe('K2 on the same host or an older one', () => {
  it('counts the downtime twice in the date, so T1 steps it by 540 s back and not by 570 (L.1)', () => {
    const outcome = run({ kernel: K2, ...T1 });
    near(outcome.step('dateNs'), s(-540), 'step of the date');
    near(aheadOfHost(outcome, s(60)), s(30), 'date against the host');
  });

  it.each([
    ['fields-2007', 800_000],
    ['song-2008', 1_600_598],
  ] as const)('T2 under %s leaves the date %d s ahead, until somebody sets the clock (L.6)', (restore, ahead) => {
    const patches = restore === 'song-2008' ? { hostPatches: ['song-2008'] } : {};
    const outcome = run({ kernel: K2, ...T2, restore, ...patches, settimes: [{ after: s(60), by: 0n }] });
    near(aheadOfHost(outcome, s(30)), s(ahead), 'date before the settime');
    near(aheadOfHost(outcome, s(61)), 0n, 'date after the settime');
  });

  it('keeps that wrong date for ever with independent_wallclock=1 (L.10)', () => {
    const settimes = [{ after: s(60), by: 0n }];
    const outcome = run({ kernel: K2, ...T2, guestPatches: ['independent-wallclock'], settimes });
    // It went on from its own wall: the whole difference of the uptimes instead of the downtime, on a wall 598 s ahead.
    near(aheadOfHost(outcome, s(30)), s(800_000 + 598), 'date before the settime');
    near(aheadOfHost(outcome, s(100)), s(800_000 + 598), 'date after the settime');
  });

  it('reads modulo 2^42 ns before its first tick, whose catch-up loop takes a while (L.10)', () => {
    const outcome = run({ kernel: K2, ...T2 });
    const [start, ...later] = probesOf(outcome).filter((probe) => probe.at >= outcome.reference);
    const tick = later.find((probe) => probe.why === 'tick');
    expect(start?.why).toBe('start');
    const hidden =
      (tick?.reading.monotonicNs ?? 0n) - (start?.reading.monotonicNs ?? 0n) - ((tick?.at ?? 0n) - outcome.reference);
    expect(hidden / 2n ** 42n).toBe(181n);
    near(hidden, 181n * 2n ** 42n, 'what the first read does not show');
    const spun = (tick?.at ?? 0n) - outcome.reference;
    near(spun, 80_000_000n * 3n, 'a loop of 8 * 10^7 turns', 3n);
  });
});

describe('sched_clock of a guest that registers its runstate area again (L.9)', () => {
  it.each([K2, K2_LATER] as const)('%s leaps back to what it ran on the new host', (kernel) => {
    const outcome = run({ kernel, ...T3 });
    near(outcome.step('schedClockNs'), s(-2), 'step of sched_clock');
    near(outcome.stuck('schedClockNs'), 0n, 'sched_clock');
  });
});

describe('a frozen clocksource', () => {
  it('says so on the console, now and then', () => {
    const outcome = run({ kernel: K2, ...T3 });
    const lines = eventsOf(outcome.history, 'console').map((event) => event.line);
    expect(lines[0]).toMatch(/^clocksource\/0: Time went backwards: ret=[0-9a-f]+ delta=-\d+ /);
  });
});

describe('the UP build of K2', () => {
  it('locks up on a younger host: without a guard the clocksource goes back, and the catch-up loop has 2^64 ns to do', () => {
    const outcome = run({ kernel: K2, build: 'up', ...T3 });
    expect(outcome.late('newSleep')).toBeNull();
    expect(lastProbe(outcome).reading.vcpu).toBe('running');
    // (2^64 - 800,000 s) / 10 ms turns of 3 ns.
    const turns = (2n ** 64n - s(800_000)) / 10_000_000n;
    near((outcome.host.domain('guest').guest?.spinsUntil ?? 0n) - s(200_000), turns * 3n, 'end of the loop', 3n);
    expect(outcome.host.nextDeadline()).toBeGreaterThan(trueNs(outcome.reference + s(3600)));
  });

  it('is as healthy as the SMP build where the uptime only grows', () => {
    near(newSleepLate(run({ kernel: K2, build: 'up', ...T1 })), 0n, 'sleep(1)');
  });
});
