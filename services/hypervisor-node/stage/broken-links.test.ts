import { describe, expect, it } from 'vitest';
import { MOVE, type ScriptedStage, scriptedStage } from './move.ts';
import type { ScriptedWorld } from './scripted-world.ts';

/** What is done to the world, in the middle of a migration. */
type Fault = (scripted: ScriptedStage) => void;

type End = { readonly where: 'a' | 'b'; readonly committed: boolean };

const running = ({ guest }: ScriptedWorld) => guest === 'running';

/** Steps of the simulator from the request to its answer, when nothing goes wrong. */
const STEPS = stepsOf(scriptedStage());

function stepsOf({ stage }: ScriptedStage): number {
  const before = stage.simulation.events;
  stage.ask('coordinator', MOVE);
  return stage.simulation.events - before;
}

/** Runs a migration, does something to it at one step, and waits until everything has settled. */
function moveWithFault(step: number, fault: Fault, repair: Fault): End {
  const scripted = scriptedStage();
  const { stage, a, b } = scripted;
  // Asked after every event of the simulator.
  const twoCopies = (): false => {
    if (running(a) && running(b))
      throw new Error(`two copies run at ${stage.simulation.now} ns, fault at step ${step}`);
    return false;
  };
  const pass = (seconds: number) => stage.simulation.run({ until: stage.after(seconds), done: twoCopies });
  stage.start('coordinator', MOVE);
  const stop = stage.simulation.events + step;
  stage.simulation.run({ done: () => twoCopies() || stage.simulation.events >= stop });
  fault(scripted);
  pass(20);
  repair(scripted);
  pass(120);
  const at = [running(a) ? 'a' : null, running(b) ? 'b' : null].filter((where) => where !== null);
  if (at.length !== 1)
    throw new Error(`the guest runs on [${at}] in the end, fault at step ${step}: a ${a.guest}, b ${b.guest}`);
  const committed = stage.journalLines().some((line) => line.includes('"committed"'));
  return { where: at[0] as 'a' | 'b', committed };
}

/** Every step of the migration, one run each. */
function sweep(fault: Fault, repair: Fault): End[] {
  return Array.from({ length: STEPS }, (_, step) => moveWithFault(step, fault, repair));
}

function expectBothEnds(ends: readonly End[]): void {
  for (const { where, committed } of ends) expect(where).toBe(committed ? 'b' : 'a');
  // The canary: faults that came too early or too late every time would prove nothing.
  expect(ends.some(({ where }) => where === 'a')).toBe(true);
  expect(ends.some(({ where }) => where === 'b')).toBe(true);
}

describe('whatever breaks at whatever step of a migration, one copy runs in the end, and never two', () => {
  it('when the link to the source is cut', () => {
    const link = ({ stage }: ScriptedStage) => stage.simulation.link('a', 'coordinator');
    expectBothEnds(
      sweep(
        (scripted) => link(scripted).cut(),
        (scripted) => link(scripted).heal(),
      ),
    );
  });

  it('when the link to the target is cut', () => {
    const link = ({ stage }: ScriptedStage) => stage.simulation.link('b', 'coordinator');
    expectBothEnds(
      sweep(
        (scripted) => link(scripted).cut(),
        (scripted) => link(scripted).heal(),
      ),
    );
  });

  it('when the link to the target goes silent', () => {
    const link = ({ stage }: ScriptedStage) => stage.simulation.link('b', 'coordinator');
    expectBothEnds(
      sweep(
        (scripted) => link(scripted).silence(),
        (scripted) => link(scripted).heal(),
      ),
    );
  });

  it('when the coordinator is killed and comes back with its journal', () => {
    expectBothEnds(
      sweep(
        ({ stage }) => stage.crashCoordinator(),
        ({ stage }) => stage.restartCoordinator(),
      ),
    );
  });
});

describe('canary: a source that resumes by itself', () => {
  it('is caught with two running copies when it had voted', () => {
    const resume: Fault = ({ a }) => {
      if (a.guest === 'suspended') a.guests.set('guest', 'running');
    };
    expect(() => sweep(resume, () => {})).toThrow(/two copies run/);
  });
});

describe('a node without its coordinator', () => {
  it('goes on with its guest, says in-doubt only once it has voted, and is told the end when it comes back', () => {
    const { stage, a, b } = scriptedStage();
    stage.start('coordinator', MOVE);
    stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'deciding' });
    stage.crashCoordinator();
    stage.pass(30);
    expect([a.guest, b.guest]).toEqual(['suspended', 'paused']);
    stage.restartCoordinator();
    stage.pass(10);
    expect(stage.phases('a')).toContain('in-doubt');
    expect(stage.phases('b')).toContain('in-doubt');
    expect([a.guest, b.guest]).toEqual(['running', 'gone']);
  });

  it('finds a coordinator that comes later', () => {
    const { stage } = scriptedStage();
    stage.crashCoordinator();
    stage.pass(300);
    stage.restartCoordinator();
    expect(stage.ask('a', { command: 'read-clocks' }).domains).toEqual(['guest']);
  });
});
