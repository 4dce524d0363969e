import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const shaping = { kind: 'shaping', atMs: 4000, host: 'a', forMs: 5000 } as const;
const calm = tried([]);

describe('shaping', () => {
  it('by a delay makes orders come too late, and says how many messages it delayed', () => {
    const { outcomes, phases, runsOn } = tried([{ ...shaping, shape: 'delay', amount: 500 }]);
    expect(outcomes).toEqual([expect.stringMatching(/^confirmed: \d+ messages of a passed with delay 500$/)]);
    expect(phases).toContain('aborted');
    expect(runsOn).toBe('a');
  });

  it('by bandwidth makes the memory arrive later: 116 kB at 100 kB/s take a second and more', () => {
    const { phases, runsOn, since } = tried([{ ...shaping, shape: 'bandwidth', amount: 100_000 }]);
    expect([calm.runsOn, calm.since]).toEqual(['b', 5.1]);
    expect(phases).toContain('running');
    expect(runsOn).toBe('b');
    expect(since).toBeGreaterThan(6);
  });

  it('by jitter changes what happens from seed to seed, and never the order within a connection', () => {
    const jitter = [{ ...shaping, shape: 'jitter', amount: 40 }] as const;
    const [one, other] = [tried(jitter, { seed: 1 }), tried(jitter, { seed: 2 })];
    const instants = ({ run }: typeof one) =>
      run.record.events.flatMap((event) => (event.kind === 'migration' ? [event.at] : []));
    expect(instants(one)).not.toEqual(instants(other));
    expect([one.violations, other.violations]).toEqual([[], []]);
  });

  it('of a link over which nothing passes meanwhile is inconclusive', () => {
    const { outcomes } = tried([{ ...shaping, atMs: 20_000, forMs: 0.01, shape: 'delay', amount: 500 }]);
    expect(outcomes).toEqual(['inconclusive: nothing passed the link of a meanwhile']);
  });
});
