import { describe, expect, it } from 'vitest';
import { probesOf } from './probes.ts';
import { longest, stretches } from './sight.ts';
import { movedPlan, S, standing, TICK, writtenHistory } from './written-history.ts';

const plan = movedPlan({ uptimeB: '200000s' });
const from = plan.referenceNs;
const FREEZE = 800_000n * S;

describe('the probes of a history', () => {
  it('are all calm in a healthy guest', () => {
    const probes = probesOf(plan, writtenHistory(plan));
    expect(probes.newSleep).toEqual({ late: 0n, earlyNs: 0n });
    expect(probes.date).toEqual({ stuckFor: 0n, stepNs: 2n * S, aheadOfHostNs: 0n });
    expect(probes.monotonic).toEqual({ stuckFor: 0n, leapNs: 0n });
    expect(probes.jiffies).toEqual({ stuckFor: 0n });
    expect(probes.vcpu).toEqual({ blockedFor: 0n });
    expect(probes).toMatchObject({ cpuLoop: { ran: true }, netEcho: { ok: true }, console: [] });
  });

  it('show the freeze of K4 in T3: every clock stands, and the vCPU is blocked', () => {
    const still = { fromNs: from, forNs: FREEZE };
    const before = writtenHistory(plan).findLast((event) => event.kind === 'probe' && event.at <= from - 2n * S)!;
    const old = before.kind === 'probe' ? before.reading : undefined;
    const probes = probesOf(
      plan,
      writtenHistory(plan, {
        reading: (at, healthy) => ({
          dateNs: standing(at, still, old!.dateNs + 800_002n * S, healthy.dateNs),
          monotonicNs: standing(at, still, old!.monotonicNs, healthy.monotonicNs),
          jiffies: standing(at, still, old!.jiffies, healthy.jiffies),
          schedClockNs: standing(at, still, old!.schedClockNs, healthy.schedClockNs),
          timerInterrupts: standing(at, still, old!.timerInterrupts, healthy.timerInterrupts),
        }),
        releases: [from + FREEZE],
        late: { 'new-sleep': FREEZE, 'old-sleep': FREEZE },
      }),
    );
    expect(probes.date).toEqual({
      stuckFor: FREEZE,
      stepNs: 800_002n * S,
      aheadOfHostNs: 800_000n * S,
    });
    expect(probes.monotonic).toEqual({ stuckFor: FREEZE, leapNs: 0n });
    expect(probes.jiffies).toEqual({ stuckFor: FREEZE });
    expect(probes.vcpu).toEqual({ blockedFor: FREEZE });
    expect(probes.newSleep).toEqual({ late: FREEZE, earlyNs: 0n });
  });

  it('say never of a clock that still stands at the end, and of a sleep that did not come back', () => {
    const probes = probesOf(
      plan,
      writtenHistory(plan, { reading: (at) => (at >= from ? { dateNs: 1n } : {}), late: { 'new-sleep': null } }),
    );
    expect(probes.date?.stuckFor).toBe('never');
    expect(probes.newSleep?.late).toBe('never');
  });

  it('do not call a vCPU blocked that runs without interrupts', () => {
    const busy = probesOf(
      plan,
      writtenHistory(plan, { reading: (at) => (at >= from ? { timerInterrupts: 3n, vcpu: 'running' } : {}) }),
    );
    expect(busy.vcpu?.blockedFor).toBe(0n);
  });

  it('know an early return', () => {
    expect(probesOf(plan, writtenHistory(plan, { late: { 'old-sleep': -2n * S } })).oldSleep).toEqual({
      late: 0n,
      earlyNs: 2n * S,
    });
  });

  it('are missing, not calm, when nobody looked', () => {
    const blind = writtenHistory(plan).filter(
      (event) =>
        event.kind !== 'probe' && event.kind !== 'timer-armed' && event.kind !== 'echo' && event.kind !== 'cpu-loop',
    );
    const { console: lines, ...probes } = probesOf(plan, blind);
    expect(lines).toEqual([]);
    expect(Object.values(probes).every((probe) => probe === null)).toBe(true);
  });
});

describe('stretches', () => {
  const history = writtenHistory(plan, {
    reading: (at) => (at >= from + TICK && at < from + 3n * TICK ? { dateNs: 9n } : {}),
  });
  const looks = history.filter((event) => event.kind === 'probe');

  it('go from the first look with a value to the last', () => {
    expect(stretches(looks, (reading) => reading.dateNs)).toEqual([
      { fromNs: from + TICK, toNs: from + 2n * TICK, until: 'moved' },
    ]);
  });

  it('of a grain at the end are no standstill', () => {
    expect(longest([{ fromNs: 0n, toNs: 5n, until: 'end' }], 5n)).toBe(5n);
    expect(longest([{ fromNs: 0n, toNs: 6n, until: 'end' }], 5n)).toBe('never');
  });
});
