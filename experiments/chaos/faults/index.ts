/** Every kind of fault, by name. A new one is a file here, a line here, and a weight in weights.ts. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { Type } from 'typebox';
import { corruption } from './corruption.ts';
import { crash } from './crash.ts';
import { cut } from './cut.ts';
import { date } from './date.ts';
import type { FaultKind } from './fault.ts';
import { leapSecond } from './leap-second.ts';
import { ntp } from './ntp.ts';
import { pause } from './pause.ts';
import { periodic } from './periodic.ts';
import { rate } from './rate.ts';
import { shaping } from './shaping.ts';
import { slowHost } from './slow-host.ts';
import { stall } from './stall.ts';
import { step } from './step.ts';
import { strobe } from './strobe.ts';

const KINDS = {
  step,
  rate,
  strobe,
  periodic,
  ntp,
  date,
  'leap-second': leapSecond,
  shaping,
  cut,
  stall,
  corruption,
  crash,
  pause,
  'slow-host': slowHost,
} as const;

export type FaultName = keyof typeof KINDS;
type FaultOf<K> = K extends FaultKind<infer F> ? F : never;
export type Fault = { [N in FaultName]: FaultOf<(typeof KINDS)[N]> }[FaultName];

export const FAULT_NAMES = Object.keys(KINDS) as readonly FaultName[];
export const FAULT_KINDS: readonly FaultKind<never>[] = Object.values(KINDS) as never;

/** The kind of a fault, typed for faults of any kind: a kind is only ever given its own. */
export function kindOf({ kind }: { readonly kind: string }): FaultKind<Fault> {
  if (!Object.hasOwn(KINDS, kind))
    throw new SkewbedError('bad-argument', `there is no fault '${kind}'; there are ${FAULT_NAMES.join(', ')}`);
  return KINDS[kind as FaultName] as unknown as FaultKind<Fault>;
}

export const AnyFault = Type.Unsafe<Fault>(Type.Union(Object.values(KINDS).map(({ schema }) => schema)));
