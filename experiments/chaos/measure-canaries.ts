/**
 * Measures how many seeds it takes to find each canary, and writes canaries/found.json, from which docs/chaos.md has its
 * table and the test its known finding seeds. Run: node experiments/chaos/measure-canaries.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANARIES } from './canaries/index.ts';
import type { CheckerName } from './checkers/checker.ts';
import type { Found } from './found.ts';
import { themed } from './theme.ts';
import { judgeSchedule } from './verdict.ts';

const FINDS = 10;
const SEEDS_MOST = 1000;

const table = CANARIES.map(({ name, breaks }): Found => {
  const times = breaks.includes('determinism') ? 'twice' : 'once';
  let [seeds, found, firstSeed] = [0, 0, 0];
  let by: CheckerName = 'crash';
  while (seeds < SEEDS_MOST && found < FINDS) {
    seeds += 1;
    const [violation] = judgeSchedule(themed(seeds, { canary: name }), times).violations;
    if (violation === undefined) continue;
    found += 1;
    if (found === 1) [firstSeed, by] = [seeds, violation.checker];
  }
  process.stdout.write(`${name}: ${found} of ${seeds}, first ${firstSeed}\n`);
  return { canary: name, firstSeed, by, seeds, found };
});
writeFileSync(join(import.meta.dirname, 'canaries', 'found.json'), `${JSON.stringify(table, null, 2)}\n`);
