import type { HeldVariable } from '@skewbed/proto/history.ts';
import { describe, expect, it } from 'vitest';
import { mechanismOf } from './mechanism.ts';
import { type Guest, movedPlan, S, standing, TICK, writtenHistory } from './written-history.ts';

const plan = movedPlan({ kernel: 'xenlinux-2.6.18', wallB: '-598s' });
const from = plan.referenceNs;
const D = 598n * S;

const holds =
  (mechanism: HeldVariable['mechanism'], forNs: bigint, fromNs = from) =>
  (at: bigint): readonly HeldVariable[] =>
    at >= fromNs && at < fromNs + forNs
      ? [
          {
            variable: 'monotonic_tv',
            mechanism,
            holdsNs: 1_227_774_104n * S,
            waitsOn: 'wall',
            clockNs: 1_227_774_104n * S - (fromNs + forNs - at),
          },
        ]
      : [];
const stuck = (clock: 'dateNs' | 'schedClockNs', forNs: bigint, fromNs = from): Guest => ({
  reading: (at, healthy) => ({ [clock]: standing(at, { fromNs, forNs }, 7n, healthy[clock]) }),
  releases: [fromNs + forNs],
});

describe('a mechanism', () => {
  it('is named when a held variable and the probe that it freezes agree', () => {
    const found = mechanismOf(plan, writtenHistory(plan, { ...stuck('dateNs', D), held: holds('M1', D) }));
    expect(found.mechanism).toBe('M1');
    expect(found.evidence).toEqual([
      {
        variable: 'monotonic_tv',
        mechanism: 'M1',
        holdsNs: 1_227_774_104n * S,
        waitsOn: 'wall',
        host: 'b',
        freedAfter: D,
      },
    ]);
  });

  it('is not believed when the probe moves on: a flag in the model proves nothing', () => {
    expect(mechanismOf(plan, writtenHistory(plan, { held: holds('M1', D) }))).toEqual({
      mechanism: 'none',
      evidence: [],
    });
  });

  it('is not invented from a stuck probe that nothing holds', () => {
    expect(mechanismOf(plan, writtenHistory(plan, stuck('dateNs', D))).mechanism).toBe('none');
  });

  it('is not believed when the probe was stuck for another length', () => {
    expect(
      mechanismOf(plan, writtenHistory(plan, { ...stuck('dateNs', D / 2n), held: holds('M1', D) })).mechanism,
    ).toBe('none');
  });

  it('is named also when it does no harm, as M3 is', () => {
    expect(
      mechanismOf(plan, writtenHistory(plan, { ...stuck('schedClockNs', D), held: holds('M3', D) })).mechanism,
    ).toBe('M3');
  });

  it('is a sum when two variables freeze two clocks', () => {
    const both: Guest = {
      reading: (at, healthy) => ({
        monotonicNs: standing(at, { fromNs: from, forNs: D }, 7n, healthy.monotonicNs),
        timerInterrupts: standing(at, { fromNs: from, forNs: D }, 7n, healthy.timerInterrupts),
      }),
      held: (at) => [...holds('M2b', D)(at), ...holds('M2', D)(at)],
      releases: [from + D],
    };
    expect(mechanismOf(plan, writtenHistory(plan, both)).mechanism).toBe('M2+M2b');
  });

  it('counts when a settime cuts the freeze short', () => {
    const cut = movedPlan({
      kernel: 'xenlinux-2.6.18',
      wallB: '-598s',
      more: 'events: [{ at: 60s, host: b, settime: exact }]',
    });
    const till = 60n * S;
    const held = (at: bigint) => (at < from + till ? holds('M1', D)(at) : []);
    expect(mechanismOf(cut, writtenHistory(cut, { ...stuck('dateNs', till - 1n), held })).mechanism).toBe('M1');
  });

  it('may begin at a settime long after the move', () => {
    const later = movedPlan({ kernel: 'xenlinux-2.6.18', more: 'events: [{ at: 30s, host: b, settime: -600s }]' });
    const begins = from + 30n * S;
    const guest = {
      ...stuck('dateNs', D, begins),
      held: holds('M1', D, begins),
      releases: [begins, begins + TICK, begins + D],
    };
    expect(mechanismOf(later, writtenHistory(later, guest))).toMatchObject({
      mechanism: 'M1',
      evidence: [{ freedAfter: D }],
    });
  });

  it('is not seen by a blind probe set', () => {
    const history = writtenHistory(plan, { ...stuck('dateNs', D), held: holds('M1', D) });
    expect(
      mechanismOf(
        plan,
        history.filter((event) => event.kind !== 'probe'),
      ).mechanism,
    ).toBe('none');
  });
});
