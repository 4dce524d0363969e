import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const slow = { kind: 'slow-host', atMs: 4000, host: 'a', byMs: 700, forMs: 3000 } as const;
const calm = tried([]);

describe('a slow host', () => {
  it('does late what is due, at the instant at which it was due: the model does not notice', () => {
    const { outcomes, runsOn, violations, run } = tried([slow]);
    expect(outcomes).toEqual(['confirmed: timers of a were 700 ms late']);
    expect(runsOn).toBe('b');
    expect(violations).toEqual([]);
    const suspended = run.record.events.find(({ kind }) => kind === 'guest-suspended');
    expect(Number(suspended!.at - run.record.origin)).toBe(5e9);
  });

  it('is felt by the others: the target has the memory later than from a host that is quick', () => {
    const received = ({ run }: typeof calm): number => {
      const event = run.record.events.find((each) => each.kind === 'migration' && each.phase === 'target received');
      return Number(event!.at - run.record.origin) / 1e6;
    };
    expect(received(tried([slow])) - received(calm)).toBeGreaterThan(100);
  });

  it('that is dead is inconclusive', () => {
    const died = { kind: 'crash', atMs: 3000, process: 'a', when: { on: 'time' }, waitsMs: 1, forMs: 2000 } as const;
    expect(tried([died, slow]).outcomes).toContain('inconclusive: a was dead already');
  });
});
