/**
 * What a fault is: plain data of a schedule, and beside it, by its kind, how it is drawn, what it does, and how a search
 * for the smallest one may change it. A fault of a clock is a list of events for one host, which every testbed can do; a
 * fault of a link or a process is done by a bed that has such links and processes.
 */
import type { HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { Random } from '@skewbed/runtime/ports/random.ts';
import type { TSchema } from 'typebox';
import type { Trigger } from '../trigger.ts';

/** What a generator knows when it draws a fault. */
export type Surroundings = {
  readonly hosts: readonly string[];
  /** Some instant at which it may begin. */
  readonly atMs: number;
};

export type Clock = 'wall' | 'uptime';

/** An event for a host at an instant, in ms after the run's origin. */
export type ClockStep = { readonly atMs: number; readonly event: Exclude<HostEvent, { type: 'elapse' }> };

/** A number of a fault that may be made smaller: towards zero, in this unit, of this clock if it is about one. */
export type Magnitude<F> = {
  readonly name: string;
  readonly unit: 'ms' | 'ppm';
  readonly clock: (fault: F) => Clock | null;
  readonly read: (fault: F) => number;
  readonly write: (fault: F, value: number) => F;
};

export type Outcome = 'confirmed' | 'mismatch' | 'inconclusive';
/** Says once how a fault went, as it was read back. */
export type Report = (outcome: Outcome, detail: string) => void;

/** What was seen of something that was done; the detail may be empty. */
export type Seen = { readonly outcome: Outcome; readonly detail: string };
/** Ends something that is being done, and says what was seen of it meanwhile. */
export type Ending = () => Seen;

/** The way between a node and the coordinator, with everything that is wrong with it at present. */
export interface ChaosLink {
  /** Messages that have left for the other side so far. */
  readonly passed: number;
  /** Changes what the link is like until the returned function is called. */
  disturb(change: LinkChange): Ending;
  /** Lets nothing through until the returned function is called. */
  silence(): Ending;
  /** Breaks what is open now, and lets nobody dial until the returned function is called. */
  cut(): Ending;
  /** Calls `strike` once, before the message of the trigger leaves, which is lost; until the returned function is called. */
  when(trigger: Trigger, strike: () => void): () => void;
  /** Changes one byte of the next `frame`-th message of a stream. */
  corrupt(frame: number, done: (what: string) => void): () => void;
}

export type LinkChange = {
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
};

/** A process of the bed. */
export interface ChaosProcess {
  readonly alive: boolean;
  /** Ends it as kill -9 does, and tells, now or when it is known, whether it is dead. Only for one that is alive. */
  crash(told: (seen: Seen) => void): void;
  restart(): void;
  /** As for a link, over every link of the process. */
  when(trigger: Trigger, strike: () => void): () => void;
  /** Lets it stand where it is until the returned function is called. */
  pause(): Ending;
  /** Makes its timers late until the returned function is called. */
  slow(byMs: number): Ending;
}

/** What faults of links and processes are done to. */
export interface ChaosBed {
  link(host: string): ChaosLink;
  /** 'coordinator', or a host's name. */
  process(name: string): ChaosProcess;
  /** Calls it at an instant of the schedule. */
  at(atMs: number, fire: () => void): void;
  /** Calls it that long after now. */
  after(forMs: number, fire: () => void): void;
}

export type FaultKind<F> = {
  readonly kind: string;
  readonly about: 'clock' | 'link' | 'process';
  /** For docs/chaos.md. */
  readonly text: string;
  readonly schema: TSchema;
  draw(random: Random, around: Surroundings): F;
  readonly magnitudes: readonly Magnitude<F>[];
  /** How long after its beginning it still does something by itself. */
  lastsMs(fault: F): number;
} & (
  | { readonly about: 'clock'; steps(fault: F): readonly ClockStep[] }
  | { readonly about: 'link' | 'process'; inject(fault: F, bed: ChaosBed, report: Report): void }
);

/** A sentence about a fault, with what was seen of it. */
export const toldOf = (sentence: string, { detail }: Seen): string =>
  detail === '' ? sentence : `${sentence}: ${detail}`;

/** Longest time that anything takes by itself before the quiet period. */
export const FAULT_MAX_MS = 60_000;
