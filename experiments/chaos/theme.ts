/** What is the same for all seeds of a campaign, and the schedule that it makes of a seed. */
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { drawSchedule } from './generator.ts';
import type { Schedule } from './schedule.ts';

export type Theme = {
  readonly kernel?: KernelName;
  /** As many faults in each schedule. */
  readonly faults?: number;
  readonly canary?: string;
  readonly find?: 'hang';
};

/** The schedule of a seed in a campaign. */
export function themed(seed: number, { kernel, faults, canary, find }: Theme): Schedule {
  const drawn = drawSchedule(seed, {
    ...(kernel === undefined ? {} : { kernel }),
    ...(faults === undefined ? {} : { faults }),
  });
  return { ...drawn, ...(canary === undefined ? {} : { canary }), ...(find === undefined ? {} : { find }) };
}
