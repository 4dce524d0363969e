/**
 * A campaign on real nodes: a few seeds, each run in real time and, because that costs nothing, in the simulator as well;
 * where the two come to different ends is told. Nothing is run twice and nothing is shrunk: no two real runs are alike,
 * and each takes its time. What fails is replayed by its code, in the simulator or on real nodes.
 */
import { EXIT } from '../../checkers/expect.ts';
import { runChaos } from '../chaos-run.ts';
import { unjudged } from '../checkers/unseen.ts';
import { differences, outcomesOf, tallyOf } from '../outcomes.ts';
import { replayCommand } from '../replay-code.ts';
import type { Schedule } from '../schedule.ts';
import { type Theme, themed } from '../theme.ts';
import { lengthMs, type OpenBed, type RealRun, runReal } from './real-run.ts';

/** Where real nodes are. */
export type RealTestbed = 'processes' | 'containers';

export type RealCampaignOptions = {
  readonly open: OpenBed;
  readonly seeds: readonly number[];
  /** Beds at once. */
  readonly workers: number;
  readonly theme: Omit<Theme, 'canary' | 'find' | 'pace'>;
  readonly stopAtFirst?: boolean;
  readonly progress?: (state: RealProgress) => void;
  /** Told of each run when it is over. */
  readonly ended?: (told: ToldRun) => void;
};

export type RealProgress = {
  readonly done: number;
  readonly of: number;
  readonly failures: number;
  /** Seconds that are left, about. */
  readonly left: number;
};

/** A run on real nodes, beside the same schedule in the simulator. */
export type ToldRun = {
  readonly run: RealRun;
  /** How it differs from the run in the simulator. */
  readonly differences: readonly string[];
  /** What the checkers could not say. */
  readonly unjudged: readonly string[];
  readonly tally: Readonly<Record<string, number>>;
};

/** Runs a schedule on real nodes and in the simulator. */
export async function runBeside(
  open: OpenBed,
  schedule: Schedule,
  progress?: (part: number) => void,
): Promise<ToldRun> {
  const run = await runReal(open, schedule, progress === undefined ? {} : { progress });
  const [here, there] = [outcomesOf(run), outcomesOf(runChaos(schedule))];
  return {
    run,
    differences: differences({ name: 'sim', outcomes: there }, { name: run.testbed, outcomes: here }),
    unjudged: unjudged(run.record),
    tally: tallyOf(here),
  };
}

/** The command that repeats a run on real nodes. */
export const realReplayCommand = ({ schedule, testbed }: Pick<RealRun, 'schedule' | 'testbed'>): string =>
  `${replayCommand(schedule)} --on ${testbed}`;

/** Runs the seeds; gives their runs in the order of the seeds. */
export async function runRealCampaign(options: RealCampaignOptions): Promise<readonly ToldRun[]> {
  const { open, seeds, workers, theme, progress } = options;
  const schedules = seeds.map((seed) => themed(seed, { ...theme, pace: 'short' }));
  const parts = new Map<number, number>();
  const told = new Map<number, ToldRun>();
  let next = 0;
  const failures = (): number => [...told.values()].filter(({ run }) => run.violations.length > 0).length;
  const report = (): void => {
    const leftMs = schedules.reduce((sum, each, index) => sum + lengthMs(each) * (1 - (parts.get(index) ?? 0)), 0);
    progress?.({ done: told.size, of: schedules.length, failures: failures(), left: leftMs / 1000 / workers });
  };
  const worker = async (): Promise<void> => {
    while (next < schedules.length && !(options.stopAtFirst === true && failures() > 0)) {
      const index = next;
      next += 1;
      const one = await runBeside(open, schedules[index]!, (part) => {
        parts.set(index, part);
        report();
      });
      parts.set(index, 1);
      told.set(index, one);
      options.ended?.(one);
    }
  };
  // Where one bed does not come up the others end their runs all the same.
  const ended = await Promise.allSettled(Array.from({ length: workers }, worker));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return [...told].sort(([a], [b]) => a - b).map(([, one]) => one);
}

/** 1: something was found. 2: there were faults, and none of them could be confirmed. */
export function realExit(told: readonly ToldRun[]): number {
  if (told.some(({ run }) => run.violations.length > 0)) return EXIT.fail;
  const words = told.flatMap(({ tally }) => Object.keys(tally)).filter((word) => !word.startsWith('move '));
  return words.length === 0 || words.some((word) => word.endsWith(' confirmed'))
    ? EXIT.pass
    : EXIT['fault-not-confirmed'];
}
