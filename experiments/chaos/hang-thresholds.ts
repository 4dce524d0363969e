/**
 * The smallest skew that hangs each kernel, found as `skewbed chaos --find hang` finds it: a run in which a sleep of a
 * second comes back late is shrunk, and at last its magnitude bisected to the millisecond. For each kernel from three
 * beginnings: it moves to a host whose wall is behind, to one whose uptime is behind, or somebody sets the date back
 * under it.
 */
import { KERNEL_NAMES } from '@skewbed/model/guest/kernels/index.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { runChaos } from './chaos-run.ts';
import { oneMove } from './one-move.ts';
import type { Schedule } from './schedule.ts';
import { failsBy, shrink } from './shrink.ts';

export const BEGINNINGS = ['wall behind', 'uptime behind', 'date set back'] as const;
export type Beginning = (typeof BEGINNINGS)[number];

export type HangThreshold = {
  readonly kernel: KernelName;
  readonly beginning: Beginning;
  /** The smallest magnitude that hangs it, in ms; null when a minute does not. */
  readonly ms: number | null;
  /** Of which clock it is. */
  readonly clock: 'wall' | 'uptime' | null;
};

/** A minute: far more than any tolerance, and a sleep of a second notices all of it. */
const MINUTE_MS = 60_000;

/** Where the search begins. */
export function beginningOf(kernel: KernelName, beginning: Beginning): Schedule {
  const { hosts, guests, ...plain } = oneMove([]);
  const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
  const schedule = { ...plain, find: 'hang', hosts, guests: guests.map((guest) => ({ ...guest, kernel })) } as const;
  switch (beginning) {
    case 'wall behind':
      return { ...schedule, hosts: [a, { ...b, wallMs: -MINUTE_MS }] };
    case 'uptime behind':
      return { ...schedule, hosts: [{ ...a, uptimeMs: b.uptimeMs + MINUTE_MS }, b] };
    case 'date set back':
      return { ...schedule, moves: [], faults: [{ kind: 'date', atMs: 2000, host: 'a', byMs: -MINUTE_MS }] };
    default:
      return beginning satisfies never;
  }
}

/** Searches from one beginning. */
export function hangThreshold(kernel: KernelName, beginning: Beginning): HangThreshold {
  const fails = failsBy('hang', (schedule) => runChaos(schedule).violations);
  const schedule = beginningOf(kernel, beginning);
  if (!fails(schedule)) return { kernel, beginning, ms: null, clock: null };
  const [threshold, ...others] = shrink(schedule, fails).thresholds.filter(({ value }) => value !== 0);
  if (threshold === undefined || others.length > 0)
    throw new Error(`${kernel}, ${beginning}: ${others.length + 1} magnitudes are left where there should be one`);
  return { kernel, beginning, ms: Math.abs(threshold.value), clock: threshold.clock };
}

/** All of them. */
export const hangThresholds = (): readonly HangThreshold[] =>
  KERNEL_NAMES.flatMap((kernel) => BEGINNINGS.map((beginning) => hangThreshold(kernel, beginning)));
