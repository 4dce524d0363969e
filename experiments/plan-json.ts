/**
 * A plan as JSON and back: nanoseconds are bigint in memory and decimal strings in JSON. Which strings are times is told
 * by the key: those that end in `Ns`, and the few listed here.
 */
import type { Plan } from './plan.ts';

const BIGINT_KEYS = new Set(['origin', 'tscHz']);
const DECIMAL = /^-?\d+$/;

/** The plan as plain JSON data. */
export function planToJson(plan: Plan): unknown {
  return JSON.parse(
    JSON.stringify(plan, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  );
}

/** The plan that planToJson was given. */
export function planFromJson(json: unknown): Plan {
  return JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    typeof value === 'string' && (key.endsWith('Ns') || BIGINT_KEYS.has(key)) && DECIMAL.test(value)
      ? BigInt(value)
      : value,
  ) as Plan;
}
