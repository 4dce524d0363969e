/** Lengths of freezes as facts K.7.3 has them, on histories in which the uptime of b is 30 s behind that of a. */
import { describe, expect, it } from 'vitest';
import { oneMove } from '../one-move.ts';
import { freeze } from './freeze.ts';
import { destroyed, findings, look, started, suspended, withKernel } from './short-history.ts';

/** From 100 s of uptime on a to 75 s on b, at 5 s of true time. */
const B_UPTIME = 75;
const onB = (at: number, looks: Parameters<typeof look>[2] = {}) =>
  look('b', at, looks, { uptime: B_UPTIME + (at - 6) });
const move = [
  started('a', 0, 'booted'),
  look('a', 0, { why: 'start' }),
  look('a', 4),
  suspended('a', 5),
  started('b', 6, 'restored', { uptime: B_UPTIME }),
  onB(6, { why: 'start', monotonic: 5, schedClock: 5 }),
];

describe('freeze: M2, in pvops-2.6.35', () => {
  const schedule = withKernel('pvops-2.6.35');

  it('holds CLOCK_MONOTONIC until the uptime has come up: 30 s here, and not a tick longer', () => {
    const held = [onB(20, { monotonic: 5 }), onB(35.9, { monotonic: 5 }), onB(40, { monotonic: 9 })];
    expect(findings(freeze, [...move, ...held], { schedule })).toEqual([]);
  });

  it('a clock that runs where it should be held is told', () => {
    expect(findings(freeze, [...move, onB(20, { monotonic: 19 })], { schedule })).toEqual([
      expect.stringMatching(/^red \(pvops-2\.6\.35\): M2 holds it for 16000000000 ns more, and its clock has advanced/),
    ]);
  });

  it('a clock that stands where it should be free again is told', () => {
    expect(findings(freeze, [...move, onB(40, { monotonic: 5 })], { schedule })).toEqual([
      expect.stringMatching(/its clock has advanced by 0 ns; by M2 it is free since 4000000000 ns/),
    ]);
  });

  it('three ticks are allowed, for the interrupt, the phase and the look', () => {
    const early = [onB(20, { monotonic: 5.03 }), onB(40, { monotonic: 8.97 })];
    expect(findings(freeze, [...move, ...early], { schedule })).toEqual([]);
    expect(findings(freeze, [...move, onB(40, { monotonic: 8.96 })], { schedule })).toHaveLength(1);
  });
});

describe('freeze: M3, in pvops-2.6.27', () => {
  const schedule = withKernel('pvops-2.6.27');

  it('holds sched_clock alone: CLOCK_MONOTONIC runs', () => {
    const held = [onB(20, { monotonic: 19, schedClock: 5 }), onB(40, { monotonic: 39, schedClock: 9 })];
    expect(findings(freeze, [...move, ...held], { schedule })).toEqual([]);
    expect(findings(freeze, [...move, onB(20, { monotonic: 19, schedClock: 19 })], { schedule })[0]).toContain('M3');
    expect(findings(freeze, [...move, onB(20, { monotonic: 5, schedClock: 5 })], { schedule })[0]).toContain('none');
  });
});

describe('freeze: nothing, in pvops-6.12', () => {
  it('of the copy on the host where it runs: a late look at the one that is left behind says nothing', () => {
    const late = look('a', 7, { monotonic: 7, vcpu: 'offline' });
    expect(findings(freeze, [...move, late])).toEqual([]);
    expect(findings(freeze, [...move, destroyed('a', 7), onB(20, { monotonic: 19 })])).toEqual([]);
  });

  it('is watched on after the copy that is left behind was destroyed, however late', () => {
    expect(findings(freeze, [...move, destroyed('a', 7), onB(20, { monotonic: 5 })])[0]).toContain('none');
  });

  it('stands still: CLOCK_MONOTONIC advances as the uptime does, whatever the other host had', () => {
    expect(findings(freeze, [...move, onB(20, { monotonic: 19 })])).toEqual([]);
    expect(findings(freeze, [...move, onB(20, { monotonic: 5 })])).toEqual([
      expect.stringMatching(/by none it is free since 14000000000 ns/),
    ]);
  });

  it('a vCPU in a loop with interrupts off shows what it saw last, which is no freeze of a clock', () => {
    expect(findings(freeze, [...move, onB(10, { why: 'spin', monotonic: 5 }), onB(20, { monotonic: 5 })])).toEqual([]);
    const woken = [onB(10, { why: 'spin', monotonic: 5 }), onB(11, { why: 'tick', monotonic: 10 })];
    expect(findings(freeze, [...move, ...woken, onB(20, { monotonic: 5 })])).toHaveLength(1);
  });

  it('patched guests and patched hosts are for the matrix', () => {
    const standing = [...move, onB(20, { monotonic: 5 })];
    expect(findings(freeze, standing, { schedule: withKernel('pvops-6.12', ['mine']) })).toEqual([]);
    const schedule = oneMove([]);
    const hosts = schedule.hosts.map((host) => ({ ...host, patches: ['uptime-continuity'] }));
    expect(findings(freeze, standing, { schedule: { ...schedule, hosts } })).toEqual([]);
  });
});
