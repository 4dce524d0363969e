/**
 * What a report reads of a result: the JSON of a run (docs: `skewbed run --json`), as much of it as a page shows.
 * Figures are seconds. A probe that is missing was not there; a null figure never happened within the run.
 */

export type ReportedProbes = {
  readonly newSleep?: { readonly late: number | null; readonly early?: number | null };
  readonly oldSleep?: { readonly late: number | null; readonly early?: number | null };
  readonly date?: {
    readonly stuckFor: number | null;
    readonly step?: number | null;
    readonly aheadOfHost?: number | null;
  };
  readonly monotonic?: { readonly stuckFor: number | null; readonly leap?: number | null };
  readonly jiffies?: { readonly stuckFor: number | null };
  readonly cpuLoop?: { readonly ran: boolean };
  readonly netEcho?: { readonly ok: boolean };
  readonly schedClock?: { readonly stuckFor: number | null; readonly leap?: number | null };
  readonly vcpu?: { readonly blockedFor: number | null };
  readonly console?: readonly string[];
};

export type ReportedEvidence = {
  readonly variable: string;
  readonly holds: string;
  readonly waitsOn: string;
  readonly freedAfter: number | null;
};

export type ReportedSleep = { readonly length: number; readonly armed: number; readonly returnedAfter: number | null };

export type ReportedResult = {
  readonly scenario: string;
  readonly testbed: string;
  readonly seed: number;
  readonly scale: number;
  readonly kernel: string;
  readonly restore: string;
  readonly patches: readonly string[];
  readonly fault: string;
  readonly verdict: string;
  readonly also: readonly string[];
  readonly mechanism: string;
  readonly evidence: readonly ReportedEvidence[];
  readonly probes: ReportedProbes;
  readonly sleeps: readonly ReportedSleep[];
  readonly downtime: {
    readonly lo: number;
    readonly hi: number;
    readonly parts: Readonly<Record<string, unknown>>;
  } | null;
  readonly historySha256: string;
  readonly replay: string;
};
