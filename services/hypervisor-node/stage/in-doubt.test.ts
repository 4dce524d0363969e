/** Nodes that cannot know how a migration ended: what they do, what they say, and what a person may do. */
import type { CoordinatorPorts } from '@skewbed/coordinator/core/coordinator.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { PROTOCOL } from '@skewbed/proto/version.ts';
import { describe, expect, it } from 'vitest';
import { MOVE, type ScriptedStage, scriptedStage } from './move.ts';

const guests = ({ a, b }: ScriptedStage) => [a.guest, b.guest];
const phaseOn = ({ stage }: ScriptedStage, name: 'a' | 'b') => stage.nodes[name].status().migrations[0]?.phase;

/** Both have voted, the coordinator is killed before its commit line is durable. */
function doubtful(ports: Parameters<typeof scriptedStage>[0] = {}): ScriptedStage {
  const scripted = scriptedStage(ports);
  const { stage } = scripted;
  stage.start('coordinator', MOVE);
  stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'deciding' });
  stage.crashCoordinator();
  stage.pass(30);
  return scripted;
}

/** Committed, and the target was killed before it heard of it. */
function lost(): ScriptedStage {
  const scripted = scriptedStage();
  const { stage, b } = scripted;
  stage.start('coordinator', MOVE);
  stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'deciding' });
  stage.crashNode('b');
  b.guests.clear();
  stage.pass(1);
  stage.restartNode('b');
  stage.pass(120);
  return scripted;
}

describe('a coordinator that starts', () => {
  it('welcomes nobody before its epoch is durable', () => {
    const slowDisk = (ports: CoordinatorPorts): CoordinatorPorts => ({
      ...ports,
      journal: {
        lines: ports.journal.lines,
        append: (line, durable) =>
          void ports.timers.at(trueNs(ports.clock.now() + NS_PER_S), () => ports.journal.append(line, durable)),
      },
    });
    const { stage } = scriptedStage({ coordinatorPorts: slowDisk });
    stage.crashCoordinator();
    stage.startCoordinator();
    const { channel, heard } = stage.stranger('/v1/control');
    channel.send(encode({ type: 'hello', protocol: PROTOCOL, role: 'runner', name: 'stranger', checksums: [] }));
    stage.simulation.run({ done: () => heard.length > 0 });
    expect(decode(heard[0] as Uint8Array, 'control')).toMatchObject({ type: 'welcome', epoch: 2 });
    expect(stage.journalLines().map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ line: 'opened', epoch: 2 }),
    );
  });
});

describe('two nodes that have voted and lost their coordinator', () => {
  it('keep the guest paused and say so', () => {
    const scripted = doubtful();
    expect(guests(scripted)).toEqual(['suspended', 'paused']);
    expect([phaseOn(scripted, 'a'), phaseOn(scripted, 'b')]).toEqual(['in-doubt', 'in-doubt']);
  });

  it('are told the end by the next coordinator on that journal', () => {
    const scripted = doubtful();
    scripted.stage.restartCoordinator();
    scripted.stage.pass(1);
    expect(guests(scripted)).toEqual(['running', 'gone']);
    expect(scripted.stage.phases()).not.toContain('resolved');
  });

  it('take no word from a coordinator with another journal', () => {
    const forgetful = (ports: CoordinatorPorts): CoordinatorPorts => ({
      ...ports,
      journal: { lines: [], append: (_line, durable) => void ports.timers.at(ports.clock.now(), durable) },
    });
    const scripted = doubtful({ coordinatorPorts: forgetful });
    const { stage } = scripted;
    stage.startCoordinator();
    stage.newRunner();
    stage.pass(60);
    expect(stage.coordinator.nodes()).toEqual([]);
    expect(guests(scripted)).toEqual(['suspended', 'paused']);
    // Until a person has decided: then nothing hangs on the old journal.
    stage.nodes.b.resolve('m1', 'abort');
    stage.nodes.a.resolve('m1', 'abort');
    stage.pass(60);
    expect(stage.coordinator.nodes().map(({ name }) => name)).toEqual(['a', 'b']);
    expect(guests(scripted)).toEqual(['running', 'gone']);
  });
});

describe('a person', () => {
  it('may commit both ends, the source first, and the guest runs on the target', () => {
    const scripted = doubtful();
    const { stage } = scripted;
    stage.nodes.a.resolve('m1', 'commit');
    stage.nodes.b.resolve('m1', 'commit');
    expect(guests(scripted)).toEqual(['gone', 'running']);
    expect(stage.nodes.b.status().migrations).toEqual([]);
  });

  it('who committed the target is not overruled by a coordinator that comes back without a commit', () => {
    const scripted = doubtful();
    const { stage } = scripted;
    stage.nodes.b.resolve('m1', 'commit');
    stage.crashNode('a');
    scripted.a.guests.clear();
    stage.startCoordinator();
    stage.newRunner();
    stage.pass(30);
    expect(guests(scripted)).toEqual(['gone', 'running']);
    expect(stage.phases('b')).toContain('resolved');
    expect(stage.journalLines().some((line) => line.includes('"resolved"'))).toBe(true);
    expect(stage.phases('b')).not.toContain('contradicted');
  });

  it('may not decide what is not in doubt', () => {
    const { stage } = scriptedStage();
    stage.start('coordinator', MOVE);
    stage.pass(1);
    expect(() => stage.nodes.a.resolve('m1', 'abort')).toThrow(expect.objectContaining({ code: 'illegal-state' }));
    expect(() => stage.nodes.a.resolve('m2', 'abort')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('whose decision a coordinator had told otherwise already is told that the two contradict', () => {
    const scripted = doubtful();
    const { stage } = scripted;
    // The source hears the abort before the target's news come: this is what the warning is about.
    stage.simulation.link('b', 'coordinator').cut();
    stage.nodes.b.resolve('m1', 'commit');
    stage.startCoordinator();
    stage.newRunner();
    stage.pass(20);
    expect(guests(scripted)).toEqual(['running', 'running']);
    stage.simulation.link('b', 'coordinator').heal();
    stage.pass(20);
    expect(stage.phases()).toContain('contradicted');
  });
});

describe('a guest that was lost behind the commit', () => {
  it('leaves the source in doubt, and the history tells that the node was restarted', () => {
    const scripted = lost();
    const { stage } = scripted;
    expect(guests(scripted)).toEqual(['suspended', 'gone']);
    expect(phaseOn(scripted, 'a')).toBe('in-doubt');
    expect(stage.phases()).toContain('lost');
    expect(stage.events).toContainEqual(expect.objectContaining({ kind: 'failure', code: 'guest-lost', host: 'b' }));
  });

  it('runs on the source again when a person says so, and no restart of the coordinator changes that', () => {
    const scripted = lost();
    const { stage, a, b } = scripted;
    stage.nodes.a.resolve('m1', 'abort');
    stage.pass(1);
    expect(stage.coordinator.migrations()[0]?.phase).toBe('resolved');
    stage.restartCoordinator();
    const before = [a.did.length, b.did.length];
    stage.pass(60);
    expect(guests(scripted)).toEqual(['running', 'gone']);
    expect([a.did.length, b.did.length]).toEqual(before);
  });
});
