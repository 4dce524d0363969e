/**
 * JSON schemas for those who read our results with programs of their own, as files in docs/schemas/. Made from the same
 * schemas by which the results are checked here; `npm run docs` writes them, and a test keeps them true.
 */
import type { TSchema } from 'typebox';
import { CampaignFields } from './chaos/campaign-result.ts';
import { ReplayFields } from './chaos/kept-run.ts';
import { RealFields } from './chaos/real/real-result.ts';
import { jsonText } from './json-text.ts';
import { ResultSchema } from './result-schema.ts';

export type PublishedSchema = {
  /** Its name in docs/schemas/. */
  readonly file: string;
  readonly title: string;
  readonly schema: TSchema;
};

export const PUBLISHED_SCHEMAS: readonly PublishedSchema[] = [
  {
    file: 'run.schema.json',
    title: 'result.json of a run, and what skewbed run --json prints',
    schema: ResultSchema,
  },
  {
    file: 'chaos-campaign.schema.json',
    title: 'result.json of a chaos campaign, and what skewbed chaos --json and skewbed report --merge --json print',
    schema: CampaignFields,
  },
  {
    file: 'chaos-replay.schema.json',
    title: 'result.json of one chaos run, and what skewbed replay CODE --json prints',
    schema: ReplayFields,
  },
  {
    file: 'chaos-real.schema.json',
    title: 'runs/chaos/processes.json or containers.json, and what chaos and replay print with --on and --json',
    schema: RealFields,
  },
];

/** The text of a published schema. */
export const schemaText = ({ title, schema }: PublishedSchema): string =>
  jsonText({ $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...schema });
