/** What is the same for all seeds of a campaign, and the schedule that it makes of a seed. */
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { drawSchedule } from './generator.ts';
import type { Schedule } from './schedule.ts';
import { drawShort } from './short-schedule.ts';

export type Theme = {
  readonly kernel?: KernelName;
  /** As many faults in each schedule. */
  readonly faults?: number;
  readonly canary?: string;
  readonly find?: 'hang';
  /** Short schedules, for beds on which a second takes a second. */
  readonly pace?: 'short';
  /** Where there are no more. */
  readonly hostsMost?: number;
};

/** The schedule of a seed in a campaign. */
export function themed(seed: number, { kernel, faults, canary, find, pace, hostsMost }: Theme): Schedule {
  const narrowing = {
    ...(kernel === undefined ? {} : { kernel }),
    ...(faults === undefined ? {} : { faults }),
    ...(hostsMost === undefined ? {} : { hostsMost }),
  };
  const drawn = pace === 'short' ? drawShort(seed, narrowing) : drawSchedule(seed, narrowing);
  return { ...drawn, ...(canary === undefined ? {} : { canary }), ...(find === undefined ? {} : { find }) };
}
