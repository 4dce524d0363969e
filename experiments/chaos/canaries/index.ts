/** The test-only registry of deliberate bugs. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Canary } from './canary.ts';

export const CANARIES: readonly Canary[] = [];

/** A canary by its name. */
export function canaryNamed(name: string): Canary {
  const canary = CANARIES.find((each) => each.name === name);
  if (canary !== undefined) return canary;
  throw new SkewbedError(
    'not-found',
    `there is no canary '${name}'; there are ${CANARIES.map((each) => each.name).join(', ')}`,
  );
}
