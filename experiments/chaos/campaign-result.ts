/**
 * What a campaign comes to: a JSON document with a schema (docs/schemas/), and its exit code. Figures are seconds as
 * numbers. A campaign in which nothing ever moved, or no fault was ever confirmed, saw nothing.
 */
import { closed } from '@skewbed/proto/control/fields.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { explain } from '@skewbed/proto/explain.ts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { EXIT } from '../checkers/expect.ts';
import { Count, told } from './result-fields.ts';

const FailureFields = closed({
  seed: Count,
  checker: told(Type.String(), 'The first checker that saw it.'),
  at: told(Type.Number(), 'Seconds of true time after the beginning of the run.'),
  what: Type.String(),
  also: told(Type.Array(Type.String()), 'What else the checkers said of this seed; at most ten.'),
  history: told(
    Type.String({ pattern: '^[0-9a-f]{64}$' }),
    'The hash of its history as it was found, before it was shrunk.',
  ),
  shrunk: told(
    Type.Union([closed({ faults: Count, moves: Count, guests: Count, hosts: Count, runs: Count }), Type.Null()]),
    'What was left of the schedule, and how many runs that took; null where it was not shrunk.',
  ),
  thresholds: told(
    Type.Array(
      closed({
        of: Type.String(),
        clock: Type.Union([Type.Literal('wall'), Type.Literal('uptime'), Type.Null()]),
        value: Type.Number(),
        unit: Type.Union([Type.Literal('ms'), Type.Literal('ppm')]),
      }),
    ),
    'Magnitudes that cannot be made smaller.',
  ),
  replay: told(Type.String(), 'The command that repeats it.'),
});
export type Failure = Static<typeof FailureFields>;

export const CampaignFields = closed({
  schema: Type.Literal(1),
  kind: Type.Literal('chaos'),
  first: told(Count, 'The first seed of the campaign.'),
  of: told(Count, 'How many seeds the whole campaign has, over all its shards.'),
  seeds: told(Count, 'How many were run here; fewer than asked for after --stop-at-first.'),
  shard: told(
    Type.String({ pattern: '^[0-9]{1,6}/[0-9]{1,6}$' }),
    "Which part this is, counted from 0: '1/4'. '0/1' is all of it.",
  ),
  kernel: told(Type.Union([Type.String(), Type.Null()]), 'The kernel of every guest, if one was asked for.'),
  faults: told(Type.Union([Count, Type.Null()]), 'The number of faults in each schedule, if one was asked for.'),
  find: told(Type.Union([Type.Literal('hang'), Type.Null()]), 'What was looked for beside what must never be.'),
  canary: told(Type.Union([Type.String(), Type.Null()]), 'The deliberate bug that was put in.'),
  checkDeterminism: told(Count, 'Per cent of the seeds that are run twice.'),
  twice: told(Count, 'How many seeds were run twice.'),
  failures: Type.Array(FailureFields),
  tally: told(
    Type.Record(Type.String(), Count),
    'How many moves ended how, and how many faults were read back as what.',
  ),
  historiesSum: told(
    Type.String({ pattern: '^[0-9a-f]{64}$' }),
    'The sum, modulo 2^256, of sha256("seed hash") over the history hashes of all seeds: in shards as in one.',
  ),
  seconds: told(Type.Number(), 'Seconds that it took.'),
  simulatedSeconds: told(Type.Number(), 'Simulated seconds of all runs.'),
});
export type CampaignResult = Static<typeof CampaignFields>;

const validator = Compile(CampaignFields);

/** Checks a document that was read from a file. */
export function readCampaign(data: unknown, where: string): CampaignResult {
  if (validator.Check(data)) return data as CampaignResult;
  throw new SkewbedError(
    'bad-argument',
    `${where}: ${explain(CampaignFields, data)}; give what skewbed chaos --json printed`,
    where,
  );
}

/** Seeds from which on a campaign has to have seen a move that worked. */
const ENOUGH_SEEDS = 20;

/** Why nothing can be concluded from a campaign, or null. */
export function blindness({ seeds, tally }: Pick<CampaignResult, 'seeds' | 'tally'>): string | null {
  if (seeds < ENOUGH_SEEDS) return null;
  if ((tally['move running'] ?? 0) === 0) return 'no move of any seed ended well: hardly anything was tried';
  const confirmed = Object.entries(tally).some(([word, times]) => word.endsWith(' confirmed') && times > 0);
  return confirmed ? null : 'no fault of any seed was confirmed';
}

/** 0: nothing was found (or, with `find`, something was); 1: it was not so; 2: the campaign was blind. */
export function campaignExit(result: CampaignResult): number {
  const sought = result.find;
  const wrong = result.failures.filter(({ checker }) => checker !== sought);
  if (wrong.length > 0) return EXIT.fail;
  if (blindness(result) !== null) return EXIT['fault-not-confirmed'];
  if (sought === null) return EXIT.pass;
  return result.failures.length > 0 ? EXIT.pass : EXIT.fail;
}
