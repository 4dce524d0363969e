import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { copiesOf } from './copies.ts';
import { verdictOf } from './verdict.ts';
import { type Guest, movedPlan, S, standing, TICK, writtenHistory } from './written-history.ts';

const FREEZE = 800n * S;
const plan = movedPlan({ uptimeB: '999202s' });
const from = plan.referenceNs;
const stuckDate: Guest = {
  reading: (at, healthy) => ({ dateNs: standing(at, { fromNs: from, forNs: FREEZE }, 7n, healthy.dateNs) }),
  releases: [from + FREEZE],
};
const timers = (kind: string) => movedPlan({ more: `timers: [{ kind: ${kind}, length: 5s, armed: -1s }]` });

describe('a verdict', () => {
  it('is healthy when everything is on time', () => {
    expect(verdictOf(plan, writtenHistory(plan))).toEqual({ verdict: 'healthy', also: [], reasons: [] });
  });

  it('is frozen when the date stands still, and the standing date is not called wrong as well', () => {
    expect(verdictOf(plan, writtenHistory(plan, stuckDate))).toMatchObject({ verdict: 'frozen', also: [] });
  });

  it.each(['new-sleep', 'old-sleep'])(
    'is frozen when %s is late by more than the tolerance, and not by just the tolerance',
    (timer) => {
      expect(verdictOf(plan, writtenHistory(plan, { late: { [timer]: TICK + 1n } })).verdict).toBe('frozen');
      expect(verdictOf(plan, writtenHistory(plan, { late: { [timer]: TICK } })).verdict).toBe('healthy');
      expect(verdictOf(plan, writtenHistory(plan, { late: { [timer]: null } })).verdict).toBe('frozen');
    },
  );

  it('is no freeze when only sched_clock stands still', () => {
    const guest: Guest = {
      reading: (at, healthy) => ({
        schedClockNs: standing(at, { fromNs: from, forNs: FREEZE }, 7n, healthy.schedClockNs),
      }),
      releases: [from + FREEZE],
    };
    expect(verdictOf(plan, writtenHistory(plan, guest)).verdict).toBe('healthy');
  });

  it('tells absolute timers, which POSIX lets be late, from relative waits', () => {
    const absolute = timers('absolute-realtime');
    expect(verdictOf(absolute, writtenHistory(absolute, { late: { 'timer-1': S } })).verdict).toBe('late-timers');
    const relative = timers('futex-wait');
    expect(verdictOf(relative, writtenHistory(relative, { late: { 'timer-1': S } })).verdict).toBe('frozen');
  });

  it('sees CLOCK_MONOTONIC go back, but not the rounding of a microsecond', () => {
    const fallsBy = (ns: bigint): Guest => ({
      reading: (at, healthy) => (at === from + 2n * TICK ? { monotonicNs: healthy.monotonicNs - TICK - ns } : {}),
    });
    expect(verdictOf(plan, writtenHistory(plan, fallsBy(1_001n))).verdict).toBe('monotonic-violation');
    expect(verdictOf(plan, writtenHistory(plan, fallsBy(1_000n))).verdict).toBe('healthy');
  });

  it('keeps what stops nobody in `also`, and makes it the verdict for somebody who expects it', () => {
    const ahead: Guest = {
      reading: (at, healthy) =>
        at >= from ? { dateNs: healthy.dateNs + 5n * S, monotonicNs: healthy.monotonicNs + 9n * S } : {},
      late: { 'old-sleep': -9n * S },
    };
    expect(verdictOf(plan, writtenHistory(plan, ahead))).toMatchObject({
      verdict: 'healthy',
      also: ['wallclock-wrong', 'early-timers', 'leap'],
    });
    const asked = movedPlan({ uptimeB: '999202s', more: 'expect: { verdict: leap }' });
    expect(verdictOf(asked, writtenHistory(asked, ahead)).verdict).toBe('leap');
  });
});

describe('what is graver than a freeze', () => {
  const history = writtenHistory(plan, stuckDate);
  const without = (kind: HistoryEvent['kind']) => history.filter((event) => event.kind !== kind);

  it('is two copies that run at once', () => {
    const kept = history.filter((event) => event.kind !== 'guest-suspended' && event.kind !== 'domain-destroyed');
    expect(verdictOf(plan, kept).verdict).toBe('split-brain');
    expect(copiesOf(history)).toEqual({ most: 1, atEnd: 1, started: true });
  });

  it('is no second copy when a source was killed before it could tell its stop, unless it showed itself running', () => {
    const started = history.find((event): boolean => event.kind === 'guest-started' && event.how === 'restored')!;
    const untold = history.filter(
      (event): boolean => event.kind !== 'guest-suspended' && event.kind !== 'domain-destroyed',
    );
    const killed: HistoryEvent = {
      at: trueNs(started.at + S),
      host: 'a',
      kind: 'failure',
      code: 'guest-lost',
      message: '',
    };
    const withKill = (...more: readonly HistoryEvent[]): HistoryEvent[] => {
      const after = untold.indexOf(started) + 1;
      return untold.toSpliced(after, 0, ...more, killed);
    };
    expect(copiesOf(withKill())).toEqual({ most: 1, atEnd: 1, started: true });
    expect(verdictOf(plan, withKill()).verdict).not.toBe('split-brain');
    const look = history.find(
      (event): boolean => event.kind === 'probe' && event.host === 'a' && event.why === 'tick',
    )!;
    expect(copiesOf(withKill({ ...look, at: trueNs(started.at + 1n) })).most).toBe(2);
    // Nobody killed it: then two are two.
    expect(copiesOf(untold).most).toBe(2);
  });

  it('is a guest that runs nowhere in the end', () => {
    expect(
      verdictOf(
        plan,
        history.filter((event) => !(event.kind === 'guest-started' && event.how === 'restored')),
      ).verdict,
    ).toBe('lost');
  });

  it('is memory that came over changed', () => {
    const changed = history.map((event) =>
      event.kind === 'memory-digest' && event.side === 'target' ? { ...event, sha256: 'bb' } : event,
    );
    expect(verdictOf(plan, changed).verdict).toBe('memory-mismatch');
    const leaked = history.map((event) =>
      event.kind === 'frames-audit' ? { ...event, ok: false, problems: ['one frame has two owners'] } : event,
    );
    expect(verdictOf(plan, leaked)).toMatchObject({
      verdict: 'memory-mismatch',
      reasons: ['a: one frame has two owners', 'b: one frame has two owners'],
    });
  });

  it('is unknown when nobody compared the memory', () => {
    expect(verdictOf(plan, without('memory-digest')).verdict).toBe('unknown');
    expect(verdictOf(plan, without('frames-audit')).verdict).toBe('unknown');
  });
});

describe('a blind probe set is never healthy, and never frozen either', () => {
  it.each(['probe', 'timer-armed', 'echo', 'cpu-loop'] as const)('without any %s the verdict is unknown', (kind) => {
    for (const guest of [{}, stuckDate]) {
      const blind = writtenHistory(plan, guest).filter((event) => event.kind !== kind);
      expect(verdictOf(plan, blind).verdict).toBe('unknown');
    }
  });
});
