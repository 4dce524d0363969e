/** The migration that the tests of this folder make: a scripted guest from a to b, stopped at 3 s, running again at 5 s. */

import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { ScriptedWorld } from './scripted-world.ts';
import { Stage, type StageOptions } from './stage.ts';

export const SUSPEND_AT = trueNs(3n * NS_PER_S);
export const RUN_AT = trueNs(5n * NS_PER_S);

export const MOVE: CommandOf<'migrate'> = {
  command: 'migrate',
  migration: 'm1',
  domain: 'guest',
  from: 'a',
  to: 'b',
  restore: 'fields-2007',
  suspendAt: SUSPEND_AT,
  runAt: RUN_AT,
  sourceWallAheadNs: 0n,
};

/** A host without skew; a scripted world does not look at it. */
export const hostConfig = (name: string): HostConfig => ({
  name,
  origin: trueNs(0n),
  wallSkew: '+0s',
  utcAtZeroNs: 1_227_774_104n * NS_PER_S,
  uptimeSkew: '+0s',
  ntpPeriodNs: null,
  tscHz: 2_000_000_000n,
  frames: 16_384,
  mfnSalt: 1,
  patches: [],
  domctl51: false,
});

export type ScriptedStage = { readonly stage: Stage; readonly a: ScriptedWorld; readonly b: ScriptedWorld };

/** Two configured nodes, and a guest that runs on a. */
export function scriptedStage(ports: Pick<StageOptions, 'coordinatorPorts'> = {}): ScriptedStage {
  const a = new ScriptedWorld('a');
  const b = new ScriptedWorld('b');
  const stage = new Stage({ worlds: { a, b }, ...ports });
  for (const name of ['a', 'b'] as const) stage.ask(name, { command: 'configure-host', config: hostConfig(name) });
  a.guests.set('guest', 'running');
  return { stage, a, b };
}
