/** What checkers say of a history with gaps: nothing that a missing event would explain, and everything else. */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { journalText } from '@skewbed/proto/journal-file.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { oneMove } from '../one-move.ts';
import { copies } from './copies.ts';
import { frames } from './frames.ts';
import { freeze } from './freeze.ts';
import { journal } from './journal.ts';
import { crashed, created, destroyed, findings, look, on, phase, s, started, suspended } from './short-history.ts';
import { blindFrom, missingEvents, unjudged } from './unseen.ts';
import { wall } from './wall.ts';

const gap = (host: string, from: number, to: number): HistoryEvent =>
  missingEvents(host, { fromNs: s(from), at: trueNs(s(to)) });
const born = [created('a', 0), started('a', 0, 'booted')];
const arrived = [phase('b', 5.1, 'target preparing'), phase('b', 5.2, 'target received'), started('b', 6, 'restored')];
const sorted = (...events: readonly HistoryEvent[]): readonly HistoryEvent[] =>
  [...events].sort((a, b) => Number(a.at - b.at));

describe('a source that died before it could tell its stop', () => {
  it('is no second copy', () => {
    const history = sorted(...born, look('a', 4.9), ...arrived, gap('a', 4.9, 6.5), crashed('a', 6.5));
    expect(findings(copies, history)).toEqual([]);
  });

  it('is one when it showed itself running after the other had started', () => {
    const history = sorted(...born, ...arrived, look('a', 6.2), gap('a', 6.2, 6.5), crashed('a', 6.5));
    expect(findings(copies, history)).toEqual(['red runs on a and on b at once']);
  });

  it('is one when there is no gap in which the stop could have been', () => {
    const history = sorted(...born, ...arrived, look('a', 6.2), crashed('a', 6.5));
    expect(findings(copies, history)[0]).toBe('red runs on a and on b at once');
    const elsewhere = sorted(...born, gap('a', 0, 4), look('a', 4.9), ...arrived, crashed('a', 6.5));
    expect(findings(copies, elsewhere)[0]).toBe('red runs on a and on b at once');
  });
});

describe('in the end', () => {
  it('a guest whose start may have been missed is not lost; without the gap it is', () => {
    const history = [...born, suspended('a', 5), phase('b', 5.2, 'target received'), destroyed('a', 5.4)];
    expect(findings(copies, [...history, gap('b', 5.2, 6)])).toEqual([]);
    expect(findings(copies, history)).toEqual(['red is paused on b at the end, and no machine died with it']);
  });

  it('the frames of a host with a gap are those of the guests that it names itself', () => {
    const audit = (owned: number): HistoryEvent[] => [
      on('b', 9, { kind: 'memory-audit', domain: 'red', ok: true, problems: [] }),
      on('b', 9, { kind: 'frames-audit', ok: true, free: 1, owned, total: owned + 1, problems: [] }),
    ];
    const { pages } = oneMove([]).guests[0]!;
    expect(findings(frames, [gap('b', 0, 6), ...audit(pages + 1)])).toEqual([]);
    expect(findings(frames, [gap('b', 0, 6), ...audit(pages + 2)])).toHaveLength(1);
    expect(findings(frames, audit(pages + 1))).toHaveLength(1);
  });
});

it('a commit that the target may have taken unheard is no finding; without the gap it is one', () => {
  const committed = journalText({
    line: 'committed',
    epoch: 1,
    migration: 'm1',
    at: trueNs(s(5)),
    domain: 'red',
    from: 'a',
    to: 'b',
    suspendAt: trueNs(s(4)),
    runAt: trueNs(s(6)),
    sha256: 'a'.repeat(64),
  });
  const history = [...born, suspended('a', 4)];
  expect(findings(journal, [...history, gap('b', 4, 7)], { journal: [committed] })).toEqual([]);
  expect(findings(journal, history, { journal: [committed] })).toEqual(['m1 was committed, and b never took red']);
  const record = { schedule: oneMove([]), origin: trueNs(0n), events: history, journal: null };
  expect(journal.check(record)).toEqual([]);
  expect(unjudged(record)).toEqual(['journal: the journal of this coordinator is out of reach']);
});

it('a host whose wall may have been set unheard is not told that a guest starts with another', () => {
  const set = on('b', 1, { kind: 'settime', by: 'date', steppedNs: 0n });
  const other = on('b', 6, { kind: 'wallclock-published', domain: 'red', version: 2, wcNs: 7n });
  const start = started('b', 6, 'restored');
  expect(findings(wall, [set, other, start])).toHaveLength(1);
  expect(findings(wall, [set, gap('b', 1, 5), other, start])).toEqual([]);
});

describe('the story of a guest', () => {
  it('is known to the end without gaps, and where a gap is on a host that it comes to later', () => {
    const events = sorted(...born, suspended('a', 5), ...arrived);
    const record = { schedule: oneMove([]), origin: trueNs(0n), events, journal: [] };
    expect(blindFrom(record, 'red')).toBeNull();
    expect(blindFrom({ events: sorted(...events, gap('b', 0, 3)) }, 'red')).toBeNull();
    expect(unjudged(record)).toEqual([]);
  });

  it('is not after a gap of a host that it is on, and a freeze is judged until then', () => {
    const stands = (at: number) => look('a', at, { monotonic: 1 });
    const start = look('a', 0, { monotonic: 0, why: 'start' });
    expect(findings(freeze, [...born, start, gap('a', 1, 2), stands(3)])).toEqual([]);
    expect(findings(freeze, [...born, start, stands(3)])).toHaveLength(1);
    expect(blindFrom({ events: [...born, start, gap('a', 1, 2)] }, 'red')).toBe(s(1));
  });
});
