/**
 * The history of a run: an append-only list of what happened. Verdict, report and dashboard are functions of it.
 * In memory and on the wire times are bigint; in history.jsonl they are decimal strings (history-file.ts).
 * Nothing here names a path, a pid, a date or a host of the machine that made it.
 */
import type { HostUptimeNs, HostWallNs, TrueNs } from './units.ts';

/** Where and when: every event carries it. `host` is absent for what the coordinator or the runner saw. */
export type Stamp = {
  readonly at: TrueNs;
  readonly host?: string;
  readonly uptimeNs?: HostUptimeNs;
  readonly wallNs?: HostWallNs;
};

/** What the programs in a guest see at one instant. A clock that this kernel does not have is null. */
export type ProbeReading = {
  /** CLOCK_REALTIME as gettimeofday would return it, ns since 1970. */
  readonly dateNs: bigint;
  /** CLOCK_MONOTONIC as a program that arms a timer would read it. */
  readonly monotonicNs: bigint;
  readonly jiffies: bigint;
  readonly schedClockNs: bigint;
  /** What Xen sees of vCPU 0. */
  readonly vcpu: 'running' | 'runnable' | 'blocked' | 'offline';
  /** Ticks of the timer that the guest has seen since it booted (VIRQ_TIMER upcalls delivered). */
  readonly timerInterrupts: bigint;
};

/** A variable in the guest or in Xen as a debugger reads it, with the clock that has to reach it. */
export type HeldVariable = {
  /** Such as 'monotonic_tv', 'cs_last', 'pvclock last_value', 'processed_system_time', 'state_entry_time'. */
  readonly variable: string;
  readonly mechanism: 'M0' | 'M1' | 'M2' | 'M2b' | 'M3' | 'M4';
  readonly holdsNs: bigint;
  /** 'wall' (wc + system time) or 'uptime' (system time). */
  readonly waitsOn: 'wall' | 'uptime';
  readonly clockNs: bigint;
};

/**
 * How far a migration has come, in the words of QEMU's query-migrate (qapi/migration.json). Sizes are bytes, rates bytes
 * or pages a second. What is not known yet is null.
 */
export type MigrationProgress = {
  readonly status: 'setup' | 'active' | 'pre-switchover' | 'device' | 'paused';
  /** Which pass is being sent, from 1; QEMU's dirty-sync-count. */
  readonly iteration: number;
  /** Pages that the last scan found. */
  readonly dirtyCount: number;
  readonly remaining: number;
  readonly transferred: number;
  readonly total: number;
  /** Pages with data, and pages that were all zero. */
  readonly normal: number;
  readonly duplicate: number;
  readonly dirtyPagesRate: number;
  readonly throughput: number;
  readonly cpuThrottlePercentage: number;
  readonly expectedDowntimeNs: bigint | null;
  readonly setupTimeNs: bigint;
  readonly totalTimeNs: bigint;
};

export type HistoryEvent = Stamp &
  (
    | { readonly kind: 'host-started'; readonly wallSkew: string; readonly uptimeSkew: string; readonly ntp: string }
    /** Somebody set the host's clock: dom0's ntp, or an operator. */
    | { readonly kind: 'settime'; readonly by: 'ntp' | 'date' | 'boot'; readonly steppedNs: bigint }
    /** The clock departs from its present reading by this skew from here on. */
    | { readonly kind: 'skew-set'; readonly clock: 'wall' | 'uptime'; readonly skew: string }
    | { readonly kind: 'ntp-set'; readonly ntp: string }
    /** A fault of a chaos schedule, by its kind and its number in the schedule: done, and what was read back. */
    | {
        readonly kind: 'fault';
        readonly fault: string;
        readonly number: number;
        readonly outcome: 'injected' | 'confirmed' | 'mismatch' | 'inconclusive';
        readonly detail: string;
      }
    | { readonly kind: 'clock-read'; readonly why: string; readonly uncertaintyNs: bigint }
    | {
        readonly kind: 'domain-created';
        readonly domain: string;
        readonly kernel: string;
        readonly pages: number;
        readonly vcpus: number;
      }
    | { readonly kind: 'guest-started'; readonly domain: string; readonly how: 'booted' | 'restored' | 'resumed' }
    | { readonly kind: 'guest-suspended'; readonly domain: string }
    | { readonly kind: 'domain-destroyed'; readonly domain: string; readonly why: string }
    | { readonly kind: 'wallclock-published'; readonly domain: string; readonly version: number; readonly wcNs: bigint }
    | { readonly kind: 'wallclock-skipped'; readonly domain: string; readonly patch: string }
    | {
        readonly kind: 'probe';
        readonly domain: string;
        readonly why: 'tick' | 'spin' | 'release' | 'asked' | 'suspend' | 'start';
        readonly reading: ProbeReading;
        readonly held: readonly HeldVariable[];
      }
    | {
        readonly kind: 'timer-armed';
        readonly domain: string;
        readonly timer: string;
        readonly timerKind: string;
        readonly lengthNs: bigint;
      }
    /** A program's sleep or timed wait came back. `dateNs` and `monotonicNs` are what it saw then. */
    | {
        readonly kind: 'timer-returned';
        readonly domain: string;
        readonly timer: string;
        readonly dateNs: bigint;
        readonly monotonicNs: bigint;
        readonly targetNs?: bigint;
      }
    | { readonly kind: 'echo'; readonly domain: string; readonly ok: boolean }
    | { readonly kind: 'cpu-loop'; readonly domain: string; readonly ran: boolean }
    | { readonly kind: 'vcpu-blocked'; readonly domain: string; readonly forNs: bigint }
    | { readonly kind: 'console'; readonly domain: string; readonly line: string; readonly times: bigint }
    | {
        readonly kind: 'writer-checked';
        readonly domain: string;
        readonly writes: bigint;
        readonly badPages: readonly number[];
      }
    | {
        readonly kind: 'migration';
        readonly migration: string;
        readonly domain: string;
        readonly phase: string;
        readonly detail?: string;
      }
    /** The part of a downtime that this host or the coordinator measured, on true time. */
    | {
        readonly kind: 'downtime-part';
        readonly migration: string;
        readonly part: string;
        readonly loNs: bigint;
        readonly hiNs: bigint;
      }
    | {
        readonly kind: 'memory-digest';
        readonly migration: string;
        readonly side: 'source' | 'target';
        readonly sha256: string;
        readonly pages: number;
      }
    /** Every page was sent again and compared (VERIFY). A problem names pfn, type and who uses the page. */
    | {
        readonly kind: 'memory-verified';
        readonly migration: string;
        readonly domain: string;
        readonly pages: number;
        readonly different: number;
        readonly problems: readonly string[];
      }
    | ({ readonly kind: 'migration-progress'; readonly migration: string } & MigrationProgress)
    | {
        readonly kind: 'memory-audit';
        readonly domain: string;
        readonly ok: boolean;
        readonly problems: readonly string[];
      }
    | {
        readonly kind: 'frames-audit';
        readonly ok: boolean;
        readonly free: number;
        readonly owned: number;
        readonly total: number;
        readonly problems: readonly string[];
      }
    | { readonly kind: 'loop-delay'; readonly maxNs: bigint }
    | { readonly kind: 'failure'; readonly code: string; readonly message: string }
  );

export type HistoryKind = HistoryEvent['kind'];
/** One kind of event, by its name. */
export type EventOf<K extends HistoryKind> = Extract<HistoryEvent, { kind: K }>;

/** The first line of a history. Everything a verdict needs beside the events. */
export type HistoryHeader = {
  readonly skewbed: 1;
  readonly scenario: string;
  readonly testbed: string;
  readonly seed: number;
  /** 1, or what the skews were multiplied by. */
  readonly scale: number;
  /** The scenario as it was read, normalised (JSON of the parsed file). */
  readonly plan: unknown;
};
