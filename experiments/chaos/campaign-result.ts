/**
 * What a campaign comes to: a JSON document with a schema, which shards of one campaign merge into one, and its exit code.
 * Figures are seconds as numbers. A campaign in which nothing ever moved, or no fault was ever confirmed, saw nothing.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { explain } from '@skewbed/proto/explain.ts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { EXIT } from '../checkers/expect.ts';

const closed = <P extends Record<string, Parameters<typeof Type.Object>[0][string]>>(fields: P) =>
  Type.Object(fields, { additionalProperties: false });
const Count = Type.Integer({ minimum: 0 });

export const FailureFields = closed({
  seed: Count,
  checker: Type.String(),
  /** Seconds of true time after the beginning of the run. */
  at: Type.Number(),
  what: Type.String(),
  /** Everything else that the checkers said of this seed. */
  also: Type.Array(Type.String()),
  /** Null where there was no time to shrink it. */
  shrunk: Type.Union([closed({ faults: Count, moves: Count, guests: Count, hosts: Count, runs: Count }), Type.Null()]),
  thresholds: Type.Array(
    closed({
      of: Type.String(),
      clock: Type.Union([Type.Literal('wall'), Type.Literal('uptime'), Type.Null()]),
      value: Type.Number(),
      unit: Type.Union([Type.Literal('ms'), Type.Literal('ppm')]),
    }),
  ),
  replay: Type.String(),
});
export type Failure = Static<typeof FailureFields>;

export const CampaignFields = closed({
  schema: Type.Literal(1),
  kind: Type.Literal('chaos'),
  first: Count,
  seeds: Count,
  /** Such as '1/4'; 'merged' for several shards in one. */
  shard: Type.String(),
  find: Type.Union([Type.Literal('hang'), Type.Null()]),
  canary: Type.Union([Type.String(), Type.Null()]),
  twice: Count,
  failures: Type.Array(FailureFields),
  /** How many moves ended how, and how many faults were read back as what. */
  tally: Type.Record(Type.String(), Count),
  /** sha256 over the history hashes of all seeds, in their order. */
  historiesSha256: Type.String(),
  seconds: Type.Number(),
  simulatedSeconds: Type.Number(),
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

/** Shards of one campaign as one result. */
export function mergeCampaigns(shards: readonly CampaignResult[]): CampaignResult {
  const [one, ...others] = shards;
  if (one === undefined) throw new SkewbedError('bad-argument', 'no campaign to merge; name the files of the shards');
  const odd = others.find(({ find, canary }) => find !== one.find || canary !== one.canary);
  if (odd !== undefined)
    throw new SkewbedError('bad-argument', 'the files are of different campaigns (--find or --canary differ)');
  const sum = (pick: (each: CampaignResult) => number): number => shards.reduce((total, each) => total + pick(each), 0);
  const tally: Record<string, number> = {};
  for (const each of shards)
    for (const [word, times] of Object.entries(each.tally)) tally[word] = (tally[word] ?? 0) + times;
  return {
    ...one,
    first: Math.min(...shards.map(({ first }) => first)),
    shard: 'merged',
    seeds: sum(({ seeds }) => seeds),
    twice: sum(({ twice }) => twice),
    failures: shards.flatMap(({ failures }) => failures).sort((a, b) => a.seed - b.seed),
    tally,
    historiesSha256: shards.length === 1 ? one.historiesSha256 : 'merged',
    seconds: Math.max(...shards.map(({ seconds }) => seconds)),
    simulatedSeconds: sum(({ simulatedSeconds }) => simulatedSeconds),
  };
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
