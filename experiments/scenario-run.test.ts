import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, trueNs } from '@skewbed/proto/units.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import { describe, expect, it } from 'vitest';
import { movedPlan } from './checkers/written-history.ts';
import { type RunOutcome, type RunPorts, runPlan } from './scenario-run.ts';

type Asked = {
  readonly to: string;
  readonly command: { readonly command: string; readonly event?: { readonly type: string } };
};

/** A coordinator from a script: `refuse` says which requests it answers with an error. */
function runAgainst(refuse: (asked: Asked) => SkewbedError | null, nodes: readonly string[] = ['a', 'b']) {
  const simulation = new Simulation({ seed: 1 });
  const { clock, timers } = simulation.process('runner');
  const asked: Asked[] = [];
  const client = {
    onEvents: () => {},
    request: (to: string, command: Asked['command'], done: (outcome: unknown) => void) => {
      const request = { to, command };
      asked.push(request);
      const error = refuse(request);
      const result = {
        command: command.command,
        at: clock.now(),
        nodes: nodes.map((name) => ({ name })),
        wallNs: hostWallNs(0n),
        uptimeNs: hostUptimeNs(0n),
        uncertaintyNs: 0n,
      };
      timers.at(trueNs(clock.now() + 1n), () => done(error === null ? { ok: true, result } : { ok: false, error }));
    },
  } as unknown as RunPorts['client'];
  let outcome: RunOutcome | SkewbedError | null = null;
  runPlan({ client, clock, timers }, movedPlan(), (what) => {
    outcome = what;
  });
  simulation.run();
  return { outcome: outcome as RunOutcome | SkewbedError | null, asked };
}
const failures = (outcome: RunOutcome | SkewbedError | null): readonly string[] => {
  if (outcome === null || outcome instanceof SkewbedError) throw new Error('the run gave no history');
  return outcome.events
    .filter((event): event is HistoryEvent & { kind: 'failure' } => event.kind === 'failure')
    .map((event) => `${event.code}: ${event.message}`);
};
const refused = (code: 'late' | 'not-found' | 'domctl-clash') => new SkewbedError(code, `it is ${code}`);

describe('a run', () => {
  it('gives a history when every answer is good', () => {
    const { outcome, asked } = runAgainst(() => null);
    expect(failures(outcome)).toEqual([]);
    expect(asked.filter(({ command }) => command.command === 'read-clocks')).toHaveLength(4);
    expect(asked.filter(({ command }) => command.command === 'migrate')).toHaveLength(1);
  });

  it('waits for its nodes, and names the one that does not come', () => {
    const { outcome, asked } = runAgainst(() => null, ['a']);
    expect(outcome).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no node called b is connected'),
    });
    expect(asked.every(({ command }) => command.command === 'nodes')).toBe(true);
  });

  it('ends with the error of a host that cannot be configured', () => {
    expect(
      runAgainst(({ command }) => (command.command === 'configure-host' ? refused('domctl-clash') : null)).outcome,
    ).toMatchObject({ code: 'domctl-clash' });
  });

  it('asks both hosts for what is meant for the guest after the move, and one of them has to have it', () => {
    const isLook = ({ command }: Asked): boolean => command.event?.type === 'observe';
    const one = runAgainst((asked) => (isLook(asked) && asked.to === 'a' ? refused('not-found') : null));
    expect(failures(one.outcome)).toEqual(['not-found: observe on a: it is not-found']);
    const none = runAgainst((asked) => (isLook(asked) ? refused('not-found') : null));
    expect(failures(none.outcome)).toContain('not-found: observe on b or a: it is not-found');
  });

  it('puts what came too late, or was not read, into the history for the proof of the fault', () => {
    const { outcome } = runAgainst(({ to, command }) =>
      command.command === 'read-clocks' && to === 'b' ? refused('late') : null,
    );
    expect(failures(outcome)).toEqual([
      'late: host b did not read its clocks at the stop: it is late',
      'late: host b did not read its clocks at the run: it is late',
    ]);
  });
});
