/** One-shot timers on true time. The callback is told no time: whoever set the timer knows the instant it was due. */
import type { TrueNs } from '@skewbed/proto/units.ts';

export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls fire once, not before `deadline`; at once (but never synchronously) when that is past. */
  at(deadline: TrueNs, fire: () => void): Timer;
}
