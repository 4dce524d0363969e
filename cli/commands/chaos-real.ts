/**
 * skewbed chaos --on processes|containers, and skewbed replay CODE --on ...: the same schedules on real nodes. What was not
 * done or could not be judged there, and what the simulator does otherwise, is told beside what the checkers found.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptRun, writeKeptRun } from '@skewbed/experiments/chaos/kept-run.ts';
import { ContainerBed } from '@skewbed/experiments/chaos/real/container-bed.ts';
import { ProcessBed } from '@skewbed/experiments/chaos/real/process-bed.ts';
import {
  type RealProgress,
  type RealTestbed,
  realExit,
  runBeside,
  runRealCampaign,
  type ToldRun,
} from '@skewbed/experiments/chaos/real/real-campaign.ts';
import { realResult } from '@skewbed/experiments/chaos/real/real-result.ts';
import type { OpenBed } from '@skewbed/experiments/chaos/real/real-run.ts';
import { realJunit, realMarkdown, realSummary, runLines } from '@skewbed/experiments/chaos/real/real-text.ts';
import type { Schedule } from '@skewbed/experiments/chaos/schedule.ts';
import type { Theme } from '@skewbed/experiments/chaos/theme.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { findContainers } from '@skewbed/experiments/testbeds/containers.ts';
import { composeHands } from '../docker-hands.ts';
import { summarise } from '../github-summary.ts';
import { say } from '../terminal.ts';

export type RealOptions = { readonly on: RealTestbed; readonly out: string; readonly json?: true };

/** Seeds of a campaign on real nodes, unless somebody says otherwise: each takes about half a minute. */
export const REAL_SEEDS = 3;
const QUIET_EVERY_S = 10;
const COMPOSE_NODES = 3;

/** Runs a campaign on real nodes. Gives the exit code. */
export async function chaosOnReal(
  seeds: readonly number[],
  options: RealOptions & {
    readonly workers: number;
    readonly theme: Omit<Theme, 'canary' | 'find' | 'pace'>;
    readonly stopAtFirst?: true;
    readonly github?: true;
  },
): Promise<number> {
  const { on, json } = options;
  const open = await openOn(on);
  // Containers are there once, and compose.yaml has three nodes.
  const [workers, theme] =
    on === 'containers' ? [1, { ...options.theme, hostsMost: COMPOSE_NODES }] : [options.workers, options.theme];
  const progress = realProgress(on);
  let told: readonly ToldRun[];
  try {
    told = await runRealCampaign({
      open,
      seeds,
      workers,
      theme,
      ...(options.stopAtFirst === true ? { stopAtFirst: true } : {}),
      progress: progress.update,
      ended: (one) => {
        progress.stop();
        keep(one, options);
        if (!json) for (const line of runLines(one)) say(line);
      },
    });
  } finally {
    progress.stop();
  }
  const result = realResult(told, on);
  writeFileSync(join(options.out, 'chaos', `${on}.json`), jsonText(result));
  writeFileSync(join(options.out, 'chaos', `${on}.xml`), realJunit(told, on));
  if (options.github) summarise(realMarkdown(told, on), json);
  if (json) process.stdout.write(jsonText(result));
  else say(realSummary(told, on));
  return realExit(told);
}

/** Runs one schedule, such as that of a replay code, on real nodes. */
export async function replayOnReal(schedule: Schedule, options: RealOptions): Promise<number> {
  const { on, json } = options;
  const open = await openOn(on);
  const progress = realProgress(on);
  let told: ToldRun;
  try {
    told = await runBeside(open, schedule, (part) => progress.update({ done: 0, of: 1, failures: 0, left: 0, part }));
  } finally {
    progress.stop();
  }
  const folder = keep(told, options);
  if (json) process.stdout.write(jsonText(realResult([told], on)));
  else {
    for (const line of runLines(told)) say(line);
    say(`kept in ${folder}`);
  }
  return realExit([told]);
}

async function openOn(on: RealTestbed): Promise<OpenBed> {
  if (on === 'processes') return ProcessBed.open;
  const found = await findContainers(process.env);
  const hands = await composeHands(process.env);
  if (hands === null)
    process.stderr.write(
      'no container engine with a Compose project of Skewbed answers here: only clocks are disturbed; COMPOSE_PROJECT_NAME names another project\n',
    );
  return (schedule, options) => ContainerBed.open(schedule, { ...found, hands }, options);
}

/** A real run comes once: its history is kept whatever it shows. */
function keep({ run }: ToldRun, { on, out }: RealOptions): string {
  const folder = join(out, 'chaos', `${on}-seed-${run.schedule.seed}`);
  writeKeptRun(folder, keptRun(run, run.violations, on));
  return folder;
}

type Shown = RealProgress & { readonly part?: number };

/** One line on standard error; every 10 s where nobody looks. */
function realProgress(on: RealTestbed): { readonly update: (state: Shown) => void; readonly stop: () => void } {
  const { stderr } = process;
  let told = 0;
  return {
    update: ({ done, of, failures, left, part }) => {
      const time = part === undefined ? `${Math.ceil(left)} s left` : `${Math.round(100 * part)} %`;
      const line = `chaos on ${on}: ${done}/${of} seeds, ${failures} with findings, ${time}`;
      if (stderr.isTTY) stderr.write(`\r\u001b[2K${line}`);
      else if (process.uptime() - told >= QUIET_EVERY_S) {
        told = process.uptime();
        stderr.write(`${line}\n`);
      }
    },
    stop: () => {
      if (stderr.isTTY) stderr.write('\r\u001b[2K');
    },
  };
}
