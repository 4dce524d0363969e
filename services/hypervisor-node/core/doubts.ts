/**
 * What a node does about migrations whose end it is not told. It asks again, every STILL_OPEN_PERIOD_NS, as long as one is
 * open. One that has voted is in doubt when the link breaks, or when it has asked in vain for longer than a coordinator
 * takes to decide: its guest stays paused, the history and the status say so, and from then on a person may decide (compare
 * facts D.12: between xl's steps 5 and 7 "both ends must be checked by a human").
 */
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { IN_DOUBT_AFTER_NS, STILL_OPEN_PERIOD_NS } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

export type Decision = 'commit' | 'abort';
export type Question = MessageOf<'still-open'>['open'];

/** What is to be known of one end of a migration. */
export type OpenEnd = {
  readonly migration: string;
  readonly domain: string;
  readonly side: 'source' | 'target';
  readonly phase: string;
};

export type DoubtParts = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The ends which have not ended as far as this node knows. */
  readonly open: () => readonly OpenEnd[];
  readonly record: (events: readonly HistoryEvent[]) => void;
  readonly host: () => string | null;
  /** Says it to the coordinator, if there is one. */
  readonly ask: (question: Question) => void;
};

export class Doubts {
  readonly #parts: DoubtParts;
  /** When each fell into doubt. */
  readonly #since = new Map<string, TrueNs>();
  /** When each that has voted asked for the first time. */
  #asked: ReadonlyMap<string, TrueNs> = new Map();
  /** What persons decided, until a coordinator has heard of it. */
  readonly #resolved = new Map<string, { readonly side: OpenEnd['side']; readonly decision: Decision }>();
  #timer: Timer | null = null;

  constructor(parts: DoubtParts) {
    this.#parts = parts;
  }

  /** Since when it is in doubt; null when it is not. */
  since(migration: string): TrueNs | null {
    return this.#since.get(migration) ?? null;
  }

  /** What this node asks, and what it has to report. */
  question(): Question {
    return [
      ...this.#parts.open().map(({ migration, side }) => ({ migration, side })),
      ...[...this.#resolved].map(([migration, { side, decision }]) => ({ migration, side, resolved: decision })),
    ];
  }

  /** One has begun. */
  watch(): void {
    const { clock, timers } = this.#parts;
    this.#timer ??= timers.at(trueNs(clock.now() + STILL_OPEN_PERIOD_NS), () => this.#ask());
  }

  /** Nobody can tell the end of this one now. */
  fall(end: OpenEnd): void {
    if (this.#since.has(end.migration)) return;
    const at = this.#parts.clock.now();
    this.#since.set(end.migration, at);
    this.#tell(at, end, 'in-doubt', `the ${end.side} has voted and waits for the coordinator; the guest stays paused`);
  }

  /** A person has decided, and it was done. */
  resolve(end: OpenEnd, decision: Decision): void {
    this.#since.delete(end.migration);
    this.#resolved.set(end.migration, { side: end.side, decision });
    this.#tell(this.#parts.clock.now(), end, 'resolved', `a person decided on the ${end.side}: ${decision}`);
    this.#parts.ask(this.question());
  }

  /** The coordinator has told the end. */
  settle(end: OpenEnd, told: Decision): void {
    this.#since.delete(end.migration);
    const resolved = this.#resolved.get(end.migration);
    if (resolved === undefined) return;
    this.#resolved.delete(end.migration);
    if (resolved.decision === told) return;
    const detail = `a person decided ${resolved.decision} on the ${end.side}, the coordinator says ${told}: look whether two copies run, or none`;
    this.#tell(this.#parts.clock.now(), end, 'contradicted', detail);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #ask(): void {
    this.#timer = null;
    const open = this.#parts.open();
    const now = this.#parts.clock.now();
    const voted = open.filter(({ phase }) => phase === 'voted');
    this.#asked = new Map(voted.map(({ migration }) => [migration, this.#asked.get(migration) ?? now]));
    for (const end of voted) {
      const since = this.#asked.get(end.migration) ?? now;
      if (now - since >= IN_DOUBT_AFTER_NS) this.fall(end);
    }
    const question = this.question();
    if (question.length > 0) this.#parts.ask(question);
    if (open.length > 0) this.watch();
  }

  #tell(at: TrueNs, { migration, domain }: OpenEnd, phase: string, detail: string): void {
    const host = this.#parts.host();
    const stamp = { at, ...(host === null ? {} : { host }) };
    this.#parts.record([{ ...stamp, kind: 'migration', migration, domain, phase, detail }]);
  }
}
