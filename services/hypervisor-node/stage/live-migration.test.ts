/** Live migrations from end to end in the simulator: passes, progress, limits, cancelling, several guests, direct streams. */
import { describe, expect, it } from 'vitest';
import { LiveStage, liveMove, seconds } from './live-move.ts';

const coded = (code: string) => expect.objectContaining({ code });

describe('a live migration', () => {
  it('copies while the guest runs, stops it for the last pages, and loses nothing', () => {
    const stage = new LiveStage();
    const moved = stage.ask('coordinator', liveMove());
    stage.pass(5);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([[], ['guest']]);
    expect(stage.audit('b')).toEqual([]);
    // 4 MiB of written pages over 10 MB/s stand against 1024 pages in one piece.
    expect(moved.pausedForNs).toBeLessThan(60_000_000n);
    const phases = stage.phases();
    expect(phases.filter((phase) => phase === 'suspended')).toEqual(['suspended']);
    expect(stage.phases('a')).toContain('source precopy');
  });

  it('needs as long a pause as the whole memory takes when it is stop-and-copy: the canary', () => {
    const stage = new LiveStage();
    const moved = stage.ask('coordinator', liveMove({ precopy: { policy: 'stop-and-copy' } }));
    expect(moved.pausedForNs).toBeGreaterThan(400_000_000n);
    expect(stage.audit('b')).toEqual([]);
  });

  it('stops the guest exactly at the ordered instant, in the middle of a pass or long after the last one', () => {
    for (const after of [0.2, 8]) {
      const stage = new LiveStage();
      const suspendAt = stage.after(after);
      const runAt = stage.after(after + 2);
      const moved = stage.ask('coordinator', liveMove({}, { suspendAt, runAt }));
      expect(moved.runAt).toBe(runAt);
      expect(stage.eventsOf('guest-suspended').map(({ at }) => at)).toEqual([suspendAt]);
      stage.pass(5);
      expect(stage.audit('b')).toEqual([]);
    }
  });

  it("tells its progress in QEMU's words, at most four times a second and at each turn", () => {
    const stage = new LiveStage([{ writerRate: 5 }]);
    stage.ask('coordinator', liveMove({ bandwidth: 2_000_000 }));
    const told = stage.eventsOf('migration-progress');
    expect(told.length).toBeGreaterThan(8);
    expect(told[0]).toMatchObject({ status: 'setup', iteration: 1, transferred: 0, total: 4096 * 4096 });
    expect(told.at(-1)).toMatchObject({ status: 'device' });
    const active = told.filter(({ status }) => status === 'active');
    for (let i = 1; i < active.length; i++)
      expect((active[i]?.at ?? 0n) - (active[i - 1]?.at ?? 0n)).toBeGreaterThan(200_000_000n);
    const late = active.at(-1);
    expect(late?.dirtyPagesRate).toBeGreaterThan(100);
    expect(late?.throughput).toBeGreaterThan(1_000_000);
    expect(late?.throughput).toBeLessThan(3_000_000);
    expect(told.some(({ expectedDowntimeNs }) => (expectedDowntimeNs ?? 0n) > 0n)).toBe(true);
  });

  it('takes the downtime apart into named parts that add up', () => {
    const stage = new LiveStage();
    const moved = stage.ask('coordinator', liveMove());
    stage.pass(1);
    const parts = stage.eventsOf('downtime-part');
    expect(parts.map(({ part }) => part)).toEqual(['stream', 'compare', 'commit', 'start']);
    expect(parts.reduce((sum, { loNs }) => sum + loNs, 0n)).toBe(moved.pausedForNs);
    expect(parts.reduce((sum, { hiNs }) => sum + hiNs, 0n)).toBe(moved.pausedForNs);
  });

  it('expects the downtime that it then has, but for the fixed cost of a hand-over', () => {
    const stage = new LiveStage([{ writerRate: 4 }]);
    const precopy = { policy: 'fixed-rounds', rounds: 1 } as const;
    const moved = stage.ask('coordinator', liveMove({ precopy, via: 'direct' }));
    const expected = Number(stage.eventsOf('migration-progress').at(-1)?.expectedDowntimeNs) / 1e6;
    const measured = Number(moved.pausedForNs) / 1e6;
    // Votes, the fsynced line, two orders over links of a quarter of a millisecond, and the lead of the start.
    const handOver = 4;
    expect(expected).toBeGreaterThan(40);
    expect(Math.abs(measured - (expected + handOver))).toBeLessThan(0.2 * (expected + handOver));
  });

  it('sends every page again and finds them equal, when it is to verify', () => {
    const stage = new LiveStage();
    stage.ask('coordinator', liveMove({ verify: 'every-page' }));
    stage.pass(1);
    expect(stage.eventsOf('memory-verified')).toMatchObject([{ pages: 4096, different: 0, problems: [] }]);
  });
});

describe('policies', () => {
  it('qemu keeps the pause below its limit on a guest that writes a lot, and throttles it for that', () => {
    const stage = new LiveStage([{ writerRate: 20 }]);
    const precopy = { policy: 'qemu', downtimeLimitNs: 100_000_000n, autoConverge: 'on' } as const;
    const moved = stage.ask('coordinator', liveMove({ precopy }));
    expect(moved.pausedForNs).toBeLessThan(200_000_000n);
    const throttled = stage.eventsOf('migration-progress').map((told) => told.cpuThrottlePercentage);
    expect(Math.max(...throttled)).toBeGreaterThan(0);
    stage.pass(2);
    expect(stage.audit('b')).toEqual([]);
  });

  it('fixed-rounds makes as many passes as were ordered', () => {
    const stage = new LiveStage();
    stage.ask('coordinator', liveMove({ precopy: { policy: 'fixed-rounds', rounds: 7 } }));
    expect(Math.max(...stage.eventsOf('migration-progress').map(({ iteration }) => iteration))).toBe(7);
  });
});

describe('somebody changes his mind', () => {
  /** A migration that takes about a minute. */
  const slow = (stage: LiveStage, timeLimitNs: bigint | null = null) => {
    const asked = stage.start('coordinator', liveMove({ bandwidth: 100_000, timeLimitNs }));
    stage.pass(3);
    expect(asked.outcome).toBeNull();
    return asked;
  };
  const expectHome = (stage: LiveStage) => {
    stage.pass(2);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([['guest'], []]);
    expect(stage.audit('a').filter((problem) => !problem.startsWith('cancelled'))).toEqual([]);
  };

  it('cancels it: the guest never stopped, and may be moved again', () => {
    const stage = new LiveStage();
    const asked = slow(stage);
    stage.ask('coordinator', { command: 'migrate-cancel', migration: 'm1', why: 'tea time' });
    expectHome(stage);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(stage.eventsOf('guest-suspended')).toEqual([]);
    const again = () => stage.ask('coordinator', { command: 'migrate-cancel', migration: 'm1', why: 'again' });
    expect(again).toThrow(coded('illegal-state'));
    stage.ask('coordinator', liveMove({}, { migration: 'm2' }));
    stage.pass(2);
    expect(stage.domains('b')).toEqual(['guest']);
  });

  it('gives it more bandwidth, and it is soon there', () => {
    const stage = new LiveStage();
    const asked = slow(stage);
    stage.ask('coordinator', { command: 'migrate-set', migration: 'm1', bandwidth: null });
    stage.pass(3);
    expect(asked.outcome).toMatchObject({ ok: true });
  });

  it('gives it less, and it keeps to that', () => {
    const stage = new LiveStage([{ writerRate: 9 }]);
    stage.start('coordinator', liveMove({ bandwidth: 1_000_000 }));
    stage.pass(1);
    stage.ask('coordinator', { command: 'migrate-set', migration: 'm1', bandwidth: 200_000 });
    stage.pass(4);
    expect(stage.eventsOf('migration-progress').at(-1)?.throughput).toBeLessThan(300_000);
  });

  it('lets it run into its time limit, or lifts that', () => {
    const limited = new LiveStage();
    const asked = slow(limited, 5_000_000_000n);
    limited.pass(3);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'timed-out' } });
    expectHome(limited);
    const lifted = new LiveStage();
    const goesOn = slow(lifted, 5_000_000_000n);
    lifted.ask('coordinator', { command: 'migrate-set', migration: 'm1', timeLimitNs: null });
    lifted.pass(3);
    expect(goesOn.outcome).toBeNull();
  });

  it('asks about one that nobody knows', () => {
    const stage = new LiveStage([]);
    const cancel = () => stage.ask('coordinator', { command: 'migrate-cancel', migration: 'm9', why: 'typo' });
    expect(cancel).toThrow(coded('not-found'));
  });
});

describe('several guests', () => {
  it('move at once, in both directions, and all of them arrive', () => {
    const names = ['g1', 'g2', 'g3', 'g4'];
    const stage = new LiveStage(
      names.map((name, i) => ({ name, host: i % 2 === 0 ? 'a' : 'b', pages: 1024, writerPages: 256 }) as const),
    );
    const asked = names.map((name, i) => {
      const [from, to] = i % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
      return stage.start('coordinator', liveMove({}, { migration: `m-${name}`, domain: name, from, to }));
    });
    stage.pass(20);
    expect(asked.map(({ outcome }) => outcome?.ok)).toEqual([true, true, true, true]);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([
      ['g2', 'g4'],
      ['g1', 'g3'],
    ]);
    expect([stage.audit('a'), stage.audit('b')]).toEqual([[], []]);
  });

  it('share the link fairly: those that are alike and begin together end together', () => {
    const names = Array.from({ length: 6 }, (_, i) => `g${i}`);
    const stage = new LiveStage(names.map((name) => ({ name, pages: 2048, writerPages: 1500 })));
    const began = stage.simulation.now;
    const precopy = { policy: 'fixed-rounds', rounds: 1 } as const;
    const asked = names.map((name) =>
      stage.start('coordinator', liveMove({ precopy }, { migration: `m-${name}`, domain: name })),
    );
    stage.pass(40);
    expect(asked.every(({ outcome }) => outcome?.ok === true)).toBe(true);
    const ended = stage
      .eventsOf('guest-suspended')
      .map(({ at }) => Number(at - began))
      .slice(-names.length);
    expect(Math.max(...ended)).toBeLessThan(1.5 * Math.min(...ended));
    expect(stage.audit('b')).toEqual([]);
  });

  it('arrive, fifty at once', () => {
    const names = Array.from({ length: 50 }, (_, i) => `g${i}`);
    const stage = new LiveStage(names.map((name) => ({ name, pages: 128, writerPages: 16 })));
    const asked = names.map((name) =>
      stage.start('coordinator', liveMove({}, { migration: `m-${name}`, domain: name })),
    );
    stage.pass(5);
    expect(asked.every(({ outcome }) => outcome?.ok === true)).toBe(true);
    expect(stage.audit('b')).toEqual([]);
  });

  it('are moved by one migration each: a second one of the same guest is refused, and the first goes on', () => {
    const stage = new LiveStage();
    const first = stage.start('coordinator', liveMove({ bandwidth: 1_000_000 }));
    stage.pass(1);
    const second = stage.outcomeOf('coordinator', liveMove({}, { migration: 'm2' }));
    expect(second).toMatchObject({ ok: false, error: { code: 'illegal-state' } });
    stage.pass(30);
    expect(first.outcome).toMatchObject({ ok: true });
    expect(stage.domains('b')).toEqual(['guest']);
  });
});

describe('a direct stream', () => {
  it('carries the memory from node to node, and the coordinator only hears of it', () => {
    const stage = new LiveStage();
    let relayed = 0;
    stage.simulation.link('a', 'coordinator').tap = ({ message }) => {
      relayed += message.length;
      return message;
    };
    const moved = stage.ask('coordinator', liveMove({ via: 'direct' }));
    stage.pass(2);
    expect(stage.domains('b')).toEqual(['guest']);
    expect(stage.audit('b')).toEqual([]);
    expect(moved.bytes).toBeGreaterThan(1024 * 4096);
    expect(moved.batches).toBeGreaterThan(3);
    expect(relayed).toBeLessThan(100_000);
  });

  it('works for a guest that is stopped first, too', () => {
    const stage = new LiveStage();
    stage.ask('coordinator', liveMove({ via: 'direct', precopy: { policy: 'stop-and-copy' } }));
    stage.pass(2);
    expect(stage.domains('b')).toEqual(['guest']);
    expect(stage.audit('b')).toEqual([]);
  });

  it('is checked as the relayed one is: a changed byte ends it, and the guest goes on at home', () => {
    const stage = new LiveStage();
    stage.simulation.link('a', 'b').tap = ({ message }) => {
      if (message.length < 100_000) return message;
      const changed = message.slice();
      changed[50_000] = (changed[50_000] ?? 0) ^ 1;
      return changed;
    };
    expect(stage.outcomeOf('coordinator', liveMove({ via: 'direct' }))).toMatchObject({
      ok: false,
      error: { code: 'stream-broken' },
    });
    stage.pass(2);
    expect([stage.domains('a'), stage.domains('b')]).toEqual([['guest'], []]);
  });
});

describe('canary: an ordered instant', () => {
  it('that is past is refused', () => {
    const stage = new LiveStage();
    expect(stage.outcomeOf('coordinator', liveMove({}, { suspendAt: seconds(1), runAt: seconds(2) }))).toMatchObject({
      ok: false,
      error: { code: 'late' },
    });
  });
});
