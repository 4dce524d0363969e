import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { describe, expect, it } from 'vitest';
import { MS, movedPlan, S, standing, TICK, writtenHistory } from './checkers/written-history.ts';
import { settled } from './settled.ts';

const plan = movedPlan();
const now = plan.horizonNs - 2n * S;
const upTo = (events: readonly HistoryEvent[]): HistoryEvent[] => events.filter((event) => event.at <= now);
/** Looks some ticks apart, as a run in real time asks for them. */
const look = { releases: [now - 10n * TICK, now - 5n * TICK, now - TICK] };

describe('a run in real time', () => {
  it('may end when all has returned and every clock moves', () => {
    expect(settled(plan, upTo(writtenHistory(plan, look)), now)).toBe(true);
  });

  it('goes on while something is planned', () => {
    expect(settled(plan, upTo(writtenHistory(plan, look)), plan.referenceNs + 10n * MS)).toBe(false);
  });

  it('goes on while a program has not come back', () => {
    expect(settled(plan, upTo(writtenHistory(plan, { ...look, late: { 'old-sleep': null } })), now)).toBe(false);
  });

  it('goes on while a clock stands still', () => {
    const still = { fromNs: plan.referenceNs, forNs: plan.horizonNs };
    const guest = {
      ...look,
      reading: (at: bigint, healthy: { schedClockNs: bigint }) => ({
        schedClockNs: standing(at, still, 7n, healthy.schedClockNs),
      }),
    };
    expect(settled(plan, upTo(writtenHistory(plan, guest)), now)).toBe(false);
  });

  it('goes on while nobody has looked twice', () => {
    const blind = upTo(writtenHistory(plan, look)).filter(
      (event) => event.kind !== 'probe' || event.at <= plan.referenceNs,
    );
    expect(settled(plan, blind, now)).toBe(false);
  });
});
