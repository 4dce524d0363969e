/** Streams that break while the guest still runs: mended from what the target has, or given up in time. */
import { describe, expect, it } from 'vitest';
import { LiveStage, liveMove } from './live-move.ts';

const SLOW = { bandwidth: 1_000_000 } as const;
const PAIRS: readonly (readonly [between: string, ends: readonly [string, string]])[] = [
  ['the source and the coordinator', ['a', 'coordinator']],
  ['the target and the coordinator', ['b', 'coordinator']],
];

/** A live migration whose first pass has begun. */
function underWay(stage: LiveStage, via: 'relay' | 'direct' = 'relay') {
  const asked = stage.start('coordinator', liveMove({ ...SLOW, via }));
  stage.pass(1.5);
  expect(asked.outcome).toBeNull();
  return asked;
}

describe.each(PAIRS)('when the link between %s breaks in pre-copy', (_between, pair) => {
  it('and heals, the stream goes on where it was, and the guest arrives whole', () => {
    const stage = new LiveStage();
    const asked = underWay(stage);
    stage.simulation.link(...pair).cut();
    stage.pass(4);
    expect(stage.phases()).toContain('interrupted');
    stage.simulation.link(...pair).heal();
    stage.pass(30);
    expect(asked.outcome).toMatchObject({ ok: true });
    expect(stage.phases()).toContain('resumed');
    expect(stage.audit('b').filter((problem) => !problem.startsWith('link-lost'))).toEqual([]);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([[], ['guest']]);
    const resumed = stage.eventsOf('migration').find(({ phase }) => phase === 'resumed');
    expect(Number(resumed?.detail?.match(/batch (\d+)/)?.[1])).toBeGreaterThan(5);
  });

  it('and does not heal in time, it is given up, and the guest has never stopped', () => {
    const stage = new LiveStage();
    const asked = underWay(stage);
    stage.simulation.link(...pair).cut();
    stage.pass(15);
    expect(asked.outcome).toMatchObject({ ok: false });
    stage.simulation.link(...pair).heal();
    stage.pass(20);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([['guest'], []]);
    expect(stage.eventsOf('guest-suspended')).toEqual([]);
    expect(stage.ask('a', { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } })).toBeDefined();
  });

  it('again and again, it still arrives', () => {
    const stage = new LiveStage();
    const asked = underWay(stage);
    for (let time = 0; time < 4; time++) {
      stage.simulation.link(...pair).cut();
      stage.pass(0.3);
      stage.simulation.link(...pair).heal();
      stage.pass(1.2);
    }
    stage.pass(30);
    expect(asked.outcome).toMatchObject({ ok: true });
    expect(stage.audit('b').filter((problem) => !problem.startsWith('link-lost'))).toEqual([]);
  });
});

describe('a direct stream that breaks in pre-copy', () => {
  it('goes on when it heals', () => {
    const stage = new LiveStage();
    const asked = underWay(stage, 'direct');
    stage.simulation.link('a', 'b').cut();
    stage.pass(3);
    stage.simulation.link('a', 'b').heal();
    stage.pass(30);
    expect(asked.outcome).toMatchObject({ ok: true });
    expect(stage.audit('b')).toEqual([]);
  });

  it('is given up when it does not', () => {
    const stage = new LiveStage();
    const asked = underWay(stage, 'direct');
    stage.simulation.link('a', 'b').cut();
    stage.pass(15);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'link-lost' } });
    expect([stage.domains('a'), stage.domains('b')]).toEqual([['guest'], []]);
  });

  it('survives a broken link to the coordinator, whichever', () => {
    for (const [, pair] of PAIRS) {
      const stage = new LiveStage();
      const asked = underWay(stage, 'direct');
      stage.simulation.link(...pair).cut();
      stage.pass(2);
      stage.simulation.link(...pair).heal();
      stage.pass(30);
      expect(asked.outcome).toMatchObject({ ok: true });
      expect(stage.audit('b').filter((problem) => !problem.startsWith('link-lost'))).toEqual([]);
    }
  });
});

describe('at whatever step of a live migration the link to either node breaks for a second', () => {
  it('one copy runs in the end, whole, and never two', () => {
    const count = new LiveStage();
    const first = count.simulation.events;
    count.ask('coordinator', liveMove());
    const steps = count.simulation.events - first;
    const ends: boolean[] = [];
    for (const [, pair] of PAIRS) {
      for (let step = 0; step < steps; step += 3) {
        const stage = new LiveStage();
        const stop = stage.simulation.events + step;
        stage.start('coordinator', liveMove());
        stage.simulation.run({ done: () => stage.simulation.events >= stop });
        stage.simulation.link(...pair).cut();
        stage.pass(1);
        stage.simulation.link(...pair).heal();
        stage.pass(45);
        const [a, b] = [stage.domains('a'), stage.domains('b')];
        expect({ step, guests: [...a, ...b] }).toEqual({ step, guests: ['guest'] });
        const committed = stage.journalLines().some((line) => line.includes('"committed"'));
        expect({ step, where: b }).toEqual({ step, where: committed ? ['guest'] : [] });
        expect(stage.audit(committed ? 'b' : 'a').filter((problem) => problem.startsWith('pages'))).toEqual([]);
        ends.push(committed);
      }
    }
    expect(ends).toContain(true);
    expect(ends).toContain(false);
  });
});
