/**
 * The dom0 of a host as far as it keeps time: an ntp daemon that publishes the wall every so often (facts A.11, K.1:
 * 60 s where Linux writes the time back). On and off is half of the verdicts of K.2, so it can be switched while the host
 * runs. It publishes what the host believes; it does not discipline the clock.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type DurationNs, type TrueNs, trueNs } from '@skewbed/proto/units.ts';

export class NtpActor {
  private periodNs: DurationNs | null = null;
  private nextAt: TrueNs | null = null;

  constructor(origin: TrueNs, periodNs: DurationNs | null) {
    this.set(origin, periodNs);
  }

  /** When it publishes next; null when it is off. */
  get next(): TrueNs | null {
    return this.nextAt;
  }

  /** As the history writes it. */
  get text(): string {
    return this.periodNs === null ? 'off' : `${this.periodNs}ns`;
  }

  /** From `at` on it publishes every `periodNs`, the first time one period later; null is off. */
  set(at: TrueNs, periodNs: DurationNs | null): void {
    if (periodNs !== null && periodNs <= 0n) {
      throw new SkewbedError('bad-argument', `an ntp period of ${periodNs} ns; give one above zero, or null for off`);
    }
    this.periodNs = periodNs;
    this.nextAt = periodNs === null ? null : trueNs(at + periodNs);
  }

  /** It has published. */
  done(at: TrueNs): void {
    this.nextAt = this.periodNs === null ? null : trueNs(at + this.periodNs);
  }
}
