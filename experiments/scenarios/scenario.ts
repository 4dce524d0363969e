/**
 * A scenario as it is after reading: every default filled in, every time in nanoseconds, every relative wall resolved.
 * The form of the file is in file-schema.ts, the reader in scenario-file.ts (design section 8).
 * Keys of times end in `Ns`: the JSON form of a plan relies on it (plan-json.ts).
 */
import type { RestorePolicy } from '@skewbed/model/migration/hand-over.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';

export type ScenarioGuest = {
  readonly kernel: KernelName;
  readonly build: 'smp' | 'up';
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly hz: number;
  readonly reader: 'off' | 'each-tick';
  /** The page writer, where the file says something of it. */
  readonly writerPages?: number;
  readonly writerRate?: number;
};

/** The host that the guest leaves reads these clocks when the guest stops, every other host when it runs again. */
export type ScenarioHost = {
  readonly name: string;
  /** UTC as this host believes it, since 1970. */
  readonly wallNs: bigint;
  readonly uptimeNs: bigint;
  /** What follows the reading in the file: a rate or a shape of model/time/skew.ts, or ''. */
  readonly wallShape: string;
  readonly uptimeShape: string;
  readonly ntpNs: DurationNs | null;
  readonly domctl51: boolean;
};

export type ScenarioMove =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'migrate' | 'save-restore';
      readonly from: string;
      readonly to: string;
      readonly downtimeNs: DurationNs;
    };

/** What somebody does to a host's clock: true UTC, or a step relative to what that host believes then. */
export type ScenarioSettime = { readonly kind: 'exact' } | { readonly kind: 'by'; readonly byNs: DurationNs };

export type ScenarioEvent = { readonly atNs: DurationNs; readonly host: string; readonly settime: ScenarioSettime };

/** When a program starts to wait: that long after the reference instant, or that long before the guest stops. */
export type Armed = { readonly side: 'before-stop' | 'after-reference'; readonly ns: DurationNs };

export type TimerKind = 'absolute-realtime' | 'futex-wait' | 'futex-lock-pi' | 'schedule-timeout';

export type ScenarioSleep = { readonly lengthNs: DurationNs; readonly armed: Armed };
export type ScenarioTimer = ScenarioSleep & { readonly kind: TimerKind };

export type Expectation = {
  readonly verdict: VerdictWord | null;
  readonly mechanism: string | null;
  readonly lateNs: DurationNs | null;
};

export type Scenario = {
  readonly scenario: string;
  readonly question: string;
  readonly source: string;
  readonly guest: ScenarioGuest;
  /** In the order of the file. */
  readonly hosts: readonly ScenarioHost[];
  readonly move: ScenarioMove;
  readonly restore: RestorePolicy;
  /** How the memory is carried; without it the guest stops first, and goes in one piece. */
  readonly migration?: Transfer;
  readonly patches: readonly string[];
  readonly events: readonly ScenarioEvent[];
  readonly sleeps: readonly ScenarioSleep[];
  readonly timers: readonly ScenarioTimer[];
  /** null: the file expects nothing. */
  readonly expect: Expectation | null;
};

/** The verdicts by precedence, then what is wrong but stops nobody. */
export const VERDICTS = [
  'split-brain',
  'lost',
  'memory-mismatch',
  'frozen',
  'monotonic-violation',
  'late-timers',
  'healthy',
  'unknown',
] as const;
export const ALSO = ['wallclock-wrong', 'early-timers', 'leap'] as const;
export type Also = (typeof ALSO)[number];
export type VerdictWord = (typeof VERDICTS)[number] | Also;

export const RESTORE_POLICIES = [
  'copy-all',
  'fields-2007',
  'song-2008',
  'stream-v3',
] as const satisfies readonly RestorePolicy[];

/** The seven guest kernels of the model (facts K.1, K0 to K5). */
export const KERNEL_NAMES = [
  'xenlinux-2.6.18-2007',
  'xenlinux-2.6.18',
  'suse-2.6.25',
  'suse-2.6.31',
  'pvops-2.6.27',
  'pvops-2.6.35',
  'pvops-6.12',
] as const satisfies readonly KernelName[];

/** The host that the guest starts on: the one that the move leaves, or the first. Its wall is true UTC. */
export function firstHost(scenario: Scenario): ScenarioHost {
  return scenario.move.kind === 'none' ? scenario.hosts[0]! : hostNamed(scenario, scenario.move.from);
}

/** A host that the reader has already checked to exist. */
export function hostNamed(scenario: Scenario, name: string): ScenarioHost {
  return scenario.hosts.find((host) => host.name === name)!;
}

/** Whether the scenario says that something freezes: then its skews must be well above the tolerance. */
export function expectsFreeze(scenario: Scenario): boolean {
  const { expect } = scenario;
  if (expect === null) return false;
  return expect.verdict === 'frozen' || (expect.lateNs ?? 0n) > 0n;
}
