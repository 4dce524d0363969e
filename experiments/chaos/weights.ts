/**
 * What a drawn schedule is made of: every weight in one place. A weight of 0 switches something off. Change one, and the
 * schedules of all seeds change; replay codes and the files in regressions/ hold whole schedules and do not.
 */
import type { RestorePolicy } from '@skewbed/model/migration/hand-over.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import type { FaultName } from './faults/index.ts';
import type { PrecopyName } from './schedule.ts';

export const HOSTS: readonly (readonly [number, number])[] = [
  [2, 15],
  [3, 75],
  [4, 10],
];
export const GUESTS: readonly (readonly [number, number])[] = [
  [1, 15],
  [2, 75],
  [3, 10],
];
export const MOVES: readonly (readonly [number, number])[] = [
  [1, 10],
  [2, 25],
  [3, 30],
  [4, 20],
  [6, 15],
];
export const FAULTS: readonly (readonly [number, number])[] = [
  [0, 2],
  [3, 13],
  [6, 20],
  [10, 40],
  [14, 20],
  [20, 5],
];

/** 4 KiB pages. More than 8 batches of 1024 pages are needed to use up a stream's credit. */
export const PAGES: readonly (readonly [number, number])[] = [
  [256, 97],
  [10_240, 3],
];

export const KERNELS: readonly (readonly [KernelName, number])[] = [
  ['xenlinux-2.6.18-2007', 1],
  ['xenlinux-2.6.18', 3],
  ['suse-2.6.25', 2],
  ['suse-2.6.31', 1],
  ['pvops-2.6.27', 2],
  ['pvops-2.6.35', 3],
  ['pvops-6.12', 2],
];

export const POLICIES: readonly (readonly [RestorePolicy, number])[] = [
  ['fields-2007', 60],
  ['stream-v3', 30],
  ['copy-all', 10],
];

export const PRECOPIES: readonly (readonly [PrecopyName, number])[] = [
  ['stop-and-copy', 50],
  ['xen', 25],
  ['qemu', 15],
  ['fixed-rounds', 10],
];
/** Bytes a second of a live move that has a limit, as many small ones as large ones: it takes up to ten seconds. */
export const BANDWIDTH = { least: 65_536, most: 2_000_000 } as const;
/** Per cent of the moves whose batches go from node to node. */
export const DIRECT_PERCENT = 25;

/** Per cent of the guests that get one of the guest-side patches of their kernel. */
export const GUEST_PATCH_PERCENT = 10;
/** Per cent of the schedules whose hosts all have the patch uptime-continuity. */
export const CONTINUITY_PERCENT = 4;

/** How long the disturbed part of a run is, in ms; the moves and faults begin within it. */
export const LENGTH_MS = { least: 30_000, most: 120_000 } as const;

export const FAULT_WEIGHTS: Readonly<Record<FaultName, number>> = {
  step: 14,
  rate: 6,
  strobe: 5,
  periodic: 4,
  ntp: 8,
  date: 12,
  'leap-second': 3,
  shaping: 10,
  cut: 10,
  stall: 7,
  corruption: 5,
  crash: 8,
  pause: 5,
  'slow-host': 3,
};
