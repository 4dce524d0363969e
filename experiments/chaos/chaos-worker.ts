/** What a worker of a campaign does: judges a few seeds, or shrinks one. */
import type { ChaosTask } from './campaign.ts';
import type { Failure } from './campaign-result.ts';
import { asShrunk } from './failure.ts';
import { themed } from './theme.ts';
import { judgeSchedule, type SeedVerdict } from './verdict.ts';

export default function chaosTask(task: ChaosTask): readonly SeedVerdict[] | Failure {
  switch (task.ask) {
    case 'judge':
      return task.seeds.map(({ seed, twice }) => judgeSchedule(themed(seed, task.theme), twice ? 'twice' : 'once'));
    case 'shrink':
      return asShrunk(task.verdict, task.theme);
    default:
      return task satisfies never;
  }
}
