import type { CoordinatorPorts } from '@skewbed/coordinator/core/coordinator.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { MOVE, RUN_AT, type ScriptedStage, SUSPEND_AT, scriptedStage } from './move.ts';
import type { FailAt } from './scripted-world.ts';

const committedLines = ({ stage }: ScriptedStage) =>
  stage.journalLines().filter((line) => line.includes('"committed"'));

describe('a migration that goes well', () => {
  it('stops the guest at the instant that was asked for, and has it run at the other', () => {
    const { stage, a, b } = scriptedStage();
    const moved = stage.ask('coordinator', MOVE);
    expect(moved).toMatchObject({ runAt: RUN_AT, pausedForNs: 2n * NS_PER_S, pages: 256, batches: 20 });
    expect(a.did).toContain(`source.suspend ${SUSPEND_AT}`);
    expect(b.did).toContain(`target runs at ${RUN_AT}`);
    expect([a.guest, b.guest]).toEqual(['gone', 'running']);
  });

  it('goes through its phases, and its downtime has parts that add up', () => {
    const { stage } = scriptedStage();
    stage.ask('coordinator', MOVE);
    expect(stage.phases()).toEqual(['preparing', 'suspended', 'received', 'committed', 'running']);
    const parts = stage.events.flatMap((event) => (event.kind === 'downtime-part' ? [event] : []));
    expect(parts.map(({ part }) => part)).toEqual(['stream', 'compare', 'commit', 'start']);
    expect(parts.reduce((sum, { loNs }) => sum + loNs, 0n)).toBe(RUN_AT - SUSPEND_AT);
  });

  it('keeps no more batches under way than the credit, however slow the target', () => {
    const { stage } = scriptedStage();
    stage.simulation.link('b', 'coordinator').shape.latencyNs = 50_000_000n;
    const asked = stage.start('coordinator', MOVE);
    let most = 0;
    stage.simulation.run({
      done: () => {
        for (const { batches, acknowledged } of stage.coordinator.migrations())
          most = Math.max(most, batches - acknowledged);
        return asked.outcome !== null;
      },
    });
    expect(most).toBe(8);
    expect(asked.outcome?.ok).toBe(true);
  });

  it('has the guest run as soon as it can when the instant is past by then', () => {
    const { stage, b } = scriptedStage();
    const runAt = trueNs(SUSPEND_AT + 1n);
    const moved = stage.ask('coordinator', { ...MOVE, runAt });
    expect(moved.runAt).toBeGreaterThan(runAt);
    expect(moved.pausedForNs).toBe(moved.runAt - SUSPEND_AT);
    expect(b.did).toContain(`target runs at ${moved.runAt}`);
  });
});

describe('a migration that fails', () => {
  const failures: [FailAt, 'a' | 'b', string][] = [
    ['target.prepare', 'b', 'preparing'],
    ['source.prepare', 'a', 'preparing'],
    ['source.suspend', 'a', 'streaming'],
    ['source.take', 'a', 'streaming'],
    ['target.apply', 'b', 'streaming'],
    ['target.finish', 'b', 'streaming'],
  ];

  it.each(failures)('at %s is aborted, with the cause, and the guest goes on on its source', (failAt, where, phase) => {
    const stage = scriptedStage();
    stage[where].failAt = failAt;
    const outcome = stage.stage.outcomeOf('coordinator', MOVE);
    if (outcome.ok) throw new Error('it went well');
    expect(outcome.error.code).toBe('refused');
    expect(outcome.error.message).toContain(
      `aborted while ${phase}: ${where} was told to fail at ${failAt}; guest goes on on a`,
    );
    stage.stage.pass(1);
    expect([stage.a.guest, stage.b.guest]).toEqual(['running', 'gone']);
    expect(stage.stage.phases().at(-1)).toBe('aborted');
    expect(committedLines(stage)).toEqual([]);
  });

  it('by other memory than the source had, is a memory-mismatch', () => {
    const { stage, a, b } = scriptedStage();
    b.targetDigest = 'cd'.repeat(32);
    expect(stage.outcomeOf('coordinator', MOVE)).toMatchObject({ ok: false, error: { code: 'memory-mismatch' } });
    expect([a.guest, b.guest]).toEqual(['running', 'gone']);
  });

  it('when the target cannot start the guest after the commit, keeps the copy of the source, paused', () => {
    const { stage, a, b } = scriptedStage();
    b.failAt = 'target.commit';
    const outcome = stage.outcomeOf('coordinator', MOVE);
    expect(outcome).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('the copy on a is kept, paused') },
    });
    stage.pass(60);
    expect(a.guest).toBe('suspended');
    expect(stage.coordinator.migrations()[0]?.phase).toBe('lost');
  });

  it('because its suspend would be in the past, is refused before anything has stopped', () => {
    const { stage, a } = scriptedStage();
    stage.pass(4);
    expect(stage.outcomeOf('coordinator', MOVE)).toMatchObject({ ok: false, error: { code: 'late' } });
    expect(a.guest).toBe('running');
    expect(a.did.some((what) => what.startsWith('source.suspend'))).toBe(false);
  });

  it('because a stream stays silent, is aborted in the end', () => {
    const { stage, a, b } = scriptedStage();
    const asked = stage.start('coordinator', MOVE);
    stage.simulation.run({ done: () => a.guest === 'suspended' });
    stage.simulation.link('b', 'coordinator').silence();
    stage.simulation.run({ done: () => asked.outcome !== null });
    expect(asked.outcome).toMatchObject({ ok: false });
    stage.simulation.link('b', 'coordinator').heal();
    stage.pass(60);
    expect([a.guest, b.guest]).toEqual(['running', 'gone']);
  });
});

describe('a request to migrate', () => {
  it.each([
    ['to the node where it is', { to: 'a' }, 'bad-argument'],
    ['to a node that is not there', { to: 'c' }, 'not-connected'],
    ['that runs before it stops', { runAt: trueNs(1n) }, 'bad-argument'],
  ])('%s is refused', (_what, change, code) => {
    const { stage } = scriptedStage();
    expect(stage.outcomeOf('coordinator', { ...MOVE, ...change })).toMatchObject({ ok: false, error: { code } });
  });

  it('under a name that was used is refused, also after a restart of the coordinator', () => {
    const { stage } = scriptedStage();
    stage.ask('coordinator', MOVE);
    expect(stage.outcomeOf('coordinator', MOVE)).toMatchObject({ ok: false, error: { code: 'already-exists' } });
    stage.restartCoordinator();
    expect(stage.outcomeOf('coordinator', MOVE)).toMatchObject({ ok: false, error: { code: 'already-exists' } });
  });
});

describe('the commit line', () => {
  /** Commit orders that left while no commit line was durable. */
  function earlyCommits(swap: (ports: CoordinatorPorts) => CoordinatorPorts): number {
    let durable = 0;
    let early = 0;
    const { stage, a, b } = scriptedStage({
      coordinatorPorts: (ports) => {
        const { journal } = ports;
        const counting: CoordinatorPorts = {
          ...ports,
          journal: {
            lines: journal.lines,
            append: (line, done) =>
              journal.append(line, () => {
                if (line.includes('"committed"')) durable += 1;
                done();
              }),
          },
        };
        return swap(counting);
      },
    });
    stage.start('coordinator', MOVE);
    stage.simulation.run({
      done: () => {
        const ordered = [...a.did, ...b.did].some((what) => what.includes('.commit'));
        if (ordered && durable === 0) early += 1;
        return stage.simulation.now > RUN_AT;
      },
    });
    expect(b.guest).toBe('running');
    return early;
  }

  it('is durable before any commit order is given', () => {
    expect(earlyCommits((ports) => ports)).toBe(0);
  });

  it('canary: a coordinator that does not wait for the disk is caught', () => {
    const hasty = (ports: CoordinatorPorts): CoordinatorPorts => ({
      ...ports,
      journal: {
        lines: ports.journal.lines,
        append: (line, done) => {
          // Says that it is durable, and takes a second until it is.
          ports.timers.at(trueNs(ports.clock.now() + NS_PER_S), () => ports.journal.append(line, () => {}));
          done();
        },
      },
    });
    expect(earlyCommits(hasty)).toBeGreaterThan(0);
  });
});
