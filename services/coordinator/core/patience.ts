/** How long a migration waits for what comes next, and how long it may take in all. Both end it with 'timed-out'. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type DurationNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import type { Wait } from './stream-session.ts';

export class Patience {
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  readonly #lost: (error: SkewbedError) => void;
  #wait: Timer | null = null;
  #limit: Timer | null = null;

  constructor(ports: { readonly clock: Clock; readonly timers: Timers }, lost: (error: SkewbedError) => void) {
    this.#ports = ports;
    this.#lost = lost;
  }

  /** Waits for this, and no more for what was waited for before. */
  waitFor({ until, what }: Wait): void {
    this.#wait?.cancel();
    this.#wait = this.#ports.timers.at(until, () => this.#lost(new SkewbedError('timed-out', `${what} in time`)));
  }

  /** So much more time in all; null is for ever. */
  limit(limitNs: DurationNs | null): void {
    this.#limit?.cancel();
    const { clock, timers } = this.#ports;
    this.#limit =
      limitNs === null
        ? null
        : timers.at(trueNs(clock.now() + limitNs), () =>
            this.#lost(new SkewbedError('timed-out', `it took longer than its time limit of ${limitNs} ns`)),
          );
  }

  stop(): void {
    this.#wait?.cancel();
    this.#limit?.cancel();
  }
}
