import { marksOf } from '@skewbed/dashboard/event-marks.ts';
import { seconds, stamp } from '@skewbed/dashboard/example-histories.ts';
import { viewOf } from '@skewbed/dashboard/view.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { describe, expect, it } from 'vitest';
import { TIMELINE_ROWS_MAX, timelineRows, timelineTable } from './timeline.ts';

const CLOCKS = { wall: 0, uptime: 0 };
const ntp = (at: number): HistoryEvent => ({ ...stamp(at, 'a', CLOCKS), kind: 'settime', by: 'ntp', steppedNs: 0n });
const wc = (at: number): HistoryEvent => ({
  ...stamp(at, 'a', CLOCKS),
  kind: 'wallclock-published',
  domain: 'g',
  version: at,
  wcNs: seconds(5),
});
const stop = (at: number): HistoryEvent => ({ ...stamp(at, 'a', CLOCKS), kind: 'guest-suspended', domain: 'g' });

describe('the timeline', () => {
  it('folds what a dom0 does each minute, until something happens to the guest', () => {
    const rows = timelineRows(marksOf([ntp(0), wc(0), ntp(60), wc(60), stop(90), ntp(120), wc(120)]));
    expect(rows.map((row) => [row.first.kind, row.count])).toEqual([
      ['settime', 2],
      ['wallclock', 2],
      ['guest', 1],
      ['settime', 1],
      ['wallclock', 1],
    ]);
  });

  it('says how much it leaves out', () => {
    const events = Array.from({ length: TIMELINE_ROWS_MAX + 7 }, (_, index) => stop(index));
    const header = { skewbed: 1, scenario: 's', testbed: 'sim', seed: 1, scale: 1, plan: {} } as const;
    expect(timelineTable(viewOf(header, events)).text).toContain('7 more rows are in history.jsonl.');
  });
});
