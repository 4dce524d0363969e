/** The building blocks of fault schemas: instants and lengths in ms (with up to three decimals), names, clocks. */
import { type TProperties, Type } from 'typebox';

/** A day: longer than any schedule. */
const DAY_MS = 86_400_000;

export const AtMs = Type.Number({ minimum: 0, maximum: DAY_MS });
export const LengthMs = Type.Number({ minimum: 0.001, maximum: DAY_MS });
/** A step of a clock; a hundred days are enough to be sure. */
export const StepMs = Type.Number({ minimum: -100 * DAY_MS, maximum: 100 * DAY_MS });
export const HostName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,15}$' });
export const ClockName = Type.Union([Type.Literal('wall'), Type.Literal('uptime')]);

/** A fault: its kind, its instant, and its own fields; no others. */
export const faultFields = <const K extends string, P extends TProperties>(kind: K, fields: P) =>
  Type.Object({ kind: Type.Literal(kind), atMs: AtMs, ...fields }, { additionalProperties: false });
