import { journalText } from '@skewbed/proto/journal-file.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { journal } from './journal.ts';
import { crashed, findings, phase, s } from './short-history.ts';

const committed = (at: number): string =>
  journalText({
    line: 'committed',
    epoch: 1,
    migration: 'm1',
    at: trueNs(s(at)),
    domain: 'red',
    from: 'a',
    to: 'b',
    suspendAt: trueNs(s(5)),
    runAt: trueNs(s(6)),
    sha256: '0'.repeat(64),
  });
const handOver = [phase('b', 5.2, 'target committed'), phase('a', 5.3, 'source destroyed')];

describe('journal', () => {
  it('a hand-over after its line is sound, and so is none at all', () => {
    expect(findings(journal, handOver, { journal: [committed(5.1)] })).toEqual([]);
    expect(findings(journal, [phase('b', 5, 'target aborted')])).toEqual([]);
  });

  it('a start and an end without a line are told', () => {
    expect(findings(journal, handOver)).toEqual([
      'b took m1 as committed; the journal has no such line',
      'a took m1 as committed; the journal has no such line',
    ]);
  });

  it('a start before the line is told, with how much too early it was', () => {
    expect(findings(journal, handOver, { journal: [committed(5.25)] })).toEqual([
      'b took m1 as committed 50000000 ns too early',
    ]);
  });

  it('what was committed and never done is told, unless the machine died', () => {
    expect(findings(journal, [phase('a', 5, 'source suspended')], { journal: [committed(5.1)] })).toEqual([
      'm1 was committed, and b never took red',
    ]);
    expect(findings(journal, [crashed('b', 5.2)], { journal: [committed(5.1)] })).toEqual([]);
  });

  it('a line that is none is no pass', () => {
    expect(() => findings(journal, handOver, { journal: ['{'] })).toThrow(/journal line 1 is no JSON/);
  });
});
