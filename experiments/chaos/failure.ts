/** A failing seed as it is told: what was found, how small it can be made, and the command that repeats it. */
import { secondsOf } from '@skewbed/proto/units.ts';
import type { Failure } from './campaign-result.ts';
import { runChaos } from './chaos-run.ts';
import { replayCommand } from './replay-code.ts';
import type { Schedule } from './schedule.ts';
import { failsBy, shrink } from './shrink.ts';
import { type Theme, themed } from './theme.ts';
import { judgeSchedule, type SeedVerdict } from './verdict.ts';

/** Without shrinking. */
export function asFound(verdict: SeedVerdict, theme: Theme): Failure {
  return { ...told(verdict), shrunk: null, thresholds: [], replay: replayCommand(themed(verdict.seed, theme)) };
}

/** Shrunk to the smallest schedule that fails by the same checker. */
export function asShrunk(verdict: SeedVerdict, theme: Theme): Failure {
  const { checker } = verdict.violations[0]!;
  const run = (schedule: Schedule) =>
    checker === 'determinism' ? judgeSchedule(schedule, 'twice').violations : runChaos(schedule).violations;
  const { schedule, thresholds, runs } = shrink(themed(verdict.seed, theme), failsBy(checker, run));
  const { faults, moves, guests, hosts } = schedule;
  return {
    ...told(verdict),
    shrunk: { faults: faults.length, moves: moves.length, guests: guests.length, hosts: hosts.length, runs },
    thresholds: thresholds.map((threshold) => ({ ...threshold })),
    replay: replayCommand(schedule),
  };
}

function told({
  seed,
  hash,
  violations,
}: SeedVerdict): Pick<Failure, 'seed' | 'checker' | 'at' | 'what' | 'also' | 'history'> {
  const [first, ...others] = violations as [SeedVerdict['violations'][number]];
  return {
    seed,
    checker: first.checker,
    at: secondsOf(first.atNs),
    what: first.what,
    history: hash,
    also: others.slice(0, 10).map(({ checker, what }: SeedVerdict['violations'][number]) => `${checker}: ${what}`),
  };
}
