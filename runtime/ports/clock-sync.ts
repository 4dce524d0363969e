/**
 * How a service that dials the coordinator teaches its Clock what true time is: it sends clock-ping, notes the local
 * instants around the answer, and hands them over. The simulator's clocks are true already; there the port is null.
 */
import type { TrueNs } from '@skewbed/proto/units.ts';

/** One round trip: the coordinator read `trueNs` at some instant between the two local ones. */
export type ClockSample = {
  readonly sentLocalNs: bigint;
  readonly trueNs: TrueNs;
  readonly receivedLocalNs: bigint;
};

export interface ClockSync {
  /** A monotonic clock of this process, with a zero of its own. */
  localNow(): bigint;
  sample(sample: ClockSample): void;
}
