/**
 * The date of a XenLinux guest at every look (mechanism M1): wc + uptime in K0; in K1 never less than the largest date
 * that was given out. That largest one is known within bounds: at least what a look saw, at most what wc + uptime ever
 * was. wc is what Xen published last, or, after a restore that copied it (copy-all), the source's.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { ChaosGuest } from '../schedule.ts';
import type { RunRecord, Violation } from './checker.ts';

export type GuestDate = 'plain' | 'guarded';

const TICK_NS = 10_000_000n;
const GRAIN_NS = 3n * TICK_NS;

/** The first look at which the date is not what the law says. */
export function followDate({ events, schedule }: RunRecord, { name, kernel }: ChaosGuest, law: GuestDate): Violation[] {
  const date = new DateFollower(law);
  const copied = new Set(
    schedule.moves.flatMap(({ restore }, index) => (restore === 'copy-all' ? [`m${index + 1}`] : [])),
  );
  for (const event of events) {
    if (!('domain' in event) || event.domain !== name) continue;
    if (event.kind === 'migration' && event.phase === 'target received' && copied.has(event.migration))
      date.copied(event);
    if (event.kind === 'guest-started' && event.how === 'restored') date.restored(event);
    const wrong = date.take(event);
    if (wrong !== null) return [{ checker: 'freeze', atNs: event.at, what: `${name} (${kernel}): ${wrong}` }];
  }
  return [];
}

class DateFollower {
  readonly #law: GuestDate;
  /** wc of each host for this guest, as it was published there last. */
  readonly #published = new Map<string, bigint>();
  #host: string | null = null;
  #wcNs = 0n;
  #leastNs = 0n;
  #mostNs = 0n;
  #changedAt = 0n;
  /** Seen when a copy started. No program has run by then: it is given out with the first tick, if no settime is before it. */
  #atStart: { readonly at: bigint; readonly dateNs: bigint } | null = null;

  constructor(law: GuestDate) {
    this.#law = law;
  }

  /** The restore wrote the source's wc over what Xen had published; a settime after it is published again. */
  copied({ host }: HistoryEvent): void {
    this.#published.set(host as string, this.#wcNs);
  }

  restored({ host, at }: HistoryEvent): void {
    this.#host = host as string;
    this.#wcNs = this.#published.get(this.#host) ?? this.#wcNs;
    this.#changedAt = at;
  }

  take(event: HistoryEvent): string | null {
    const { host, at, uptimeNs } = event;
    if (host === undefined || uptimeNs === undefined) return null;
    if (event.kind === 'wallclock-published') {
      this.#published.set(host, event.wcNs);
      if (host !== this.#host) return null;
      if (this.#atStart !== null && at - this.#atStart.at <= TICK_NS) this.#atStart = null;
      this.#most(this.#wcNs + uptimeNs);
      this.#wcNs = event.wcNs;
      this.#most(this.#wcNs + uptimeNs);
      this.#changedAt = at;
    }
    if (event.kind === 'guest-started' && event.how === 'booted') {
      this.#host = host;
      this.#wcNs = this.#published.get(host) ?? 0n;
      this.#changedAt = at;
    }
    if (event.kind === 'guest-suspended') this.#most(this.#wcNs + uptimeNs);
    if (event.kind !== 'probe' || host !== this.#host || event.reading.vcpu === 'offline') return null;
    const { dateNs } = event.reading;
    if (event.why !== 'start' && this.#atStart !== null) {
      this.#leastNs = larger(this.#leastNs, this.#atStart.dateNs);
      this.#atStart = null;
    }
    const computed = this.#wcNs + uptimeNs;
    const [least, most] =
      this.#law === 'plain' ? [computed, computed] : [larger(this.#leastNs, computed), larger(this.#mostNs, computed)];
    if (event.why === 'start') this.#atStart = { at, dateNs };
    else this.#leastNs = larger(this.#leastNs, dateNs);
    this.#most(computed);
    // The kernel notices a new wc at its next tick.
    if (at - this.#changedAt <= GRAIN_NS || (dateNs >= least - GRAIN_NS && dateNs <= most + GRAIN_NS)) return null;
    return `the date is ${dateNs} ns; by M1 it is ${least} to ${most} ns`;
  }

  #most(ns: bigint): void {
    this.#mostNs = larger(this.#mostNs, ns);
  }
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
