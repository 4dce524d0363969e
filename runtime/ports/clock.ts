/** Where true time comes from. Live: the coordinator's monotonic clock as this process knows it. Sim: virtual time. */
import type { TrueNs } from '@skewbed/proto/units.ts';

export interface Clock {
  /** True time now, never decreasing. */
  now(): TrueNs;
  /** Half-width of what is not known about now(): 0n in the simulator, half the best round trip over a network. */
  uncertainty(): bigint;
}
