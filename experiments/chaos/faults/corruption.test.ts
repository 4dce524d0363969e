import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const corruption = { kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 } as const;

describe('a corruption', () => {
  it('of a batch is found by its checksum, long before a digest could differ', () => {
    const { outcomes, phases, runsOn, violations, run } = tried([corruption]);
    expect(outcomes).toEqual([
      expect.stringMatching(/^confirmed: byte \d+ of \d+ of a batch from node-a was changed$/),
    ]);
    expect(phases).toContain('aborted');
    expect(runsOn).toBe('a');
    const why = run.record.events.find((event) => event.kind === 'migration' && event.phase === 'target aborted');
    expect(why).toMatchObject({ host: 'b', detail: expect.stringMatching(/checksum is [0-9a-f]+, its bytes give/) });
    expect(violations).toEqual([]);
  });

  it('waits for the frame that it is told: a stream of one batch has no second one', () => {
    const { outcomes, runsOn } = tried([{ ...corruption, frame: 2 }]);
    expect(outcomes).toEqual(['inconclusive: no stream passed the link of a']);
    expect(runsOn).toBe('b');
  });
});
