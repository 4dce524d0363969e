/**
 * The runs that runners have kept in a folder which this service can read: their results in a list, and their reports.
 * The coordinator judges nothing, and believes nothing that a file says: fields are picked one by one.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { closed } from '@skewbed/proto/control/fields.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ErrorBody } from '../server/http-schema.ts';

const text = Type.String({ maxLength: 200 });
const Run = closed({
  scenario: text,
  seed: text,
  testbed: text,
  kernel: text,
  fix: text,
  fault: text,
  verdict: text,
  mechanism: text,
  late: Type.Union([Type.Number(), Type.Null()]),
});
type Run = Type.Static<typeof Run>;
const Runs = closed({ runs: Type.Array(Run) });
const Which = closed({
  scenario: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
  seed: Type.String({ pattern: '^[0-9]{1,16}$' }),
});

/** The page shows the latest only. */
const RUNS_MAX = 200;
const RESULT_MAX_BYTES = 1 << 20;
/** The report brings its own policy, which lets run what it was written with; here it gets an origin of its own. */
const REPORT_POLICY = 'sandbox allow-scripts';

/** `folder` is null where runs are kept out of sight. */
export function addRunRoutes(server: FastifyInstance, folder: string | null): void {
  server.get(
    '/v1/runs',
    { schema: { description: 'Results of the latest runs, newest last.', response: { 200: Runs } } },
    async () => ({ runs: folder === null ? [] : await latestRuns(folder) }),
  );
  server.get<{ Params: Type.Static<typeof Which> }>(
    '/v1/runs/:scenario/:seed/report.html',
    { schema: { description: 'The report of a run.', params: Which, response: { '4xx': ErrorBody } } },
    async (request, reply) => {
      const { scenario, seed } = request.params;
      const page =
        folder === null ? null : await readFile(join(folder, scenario, seed, 'report.html')).catch(() => null);
      if (page === null) throw new SkewbedError('not-found', `no report of ${scenario}, seed ${seed}, is kept here`);
      return reply.type('text/html; charset=utf-8').header('content-security-policy', REPORT_POLICY).send(page);
    },
  );
}

async function latestRuns(folder: string): Promise<readonly Run[]> {
  const found: { readonly path: string; readonly scenario: string; readonly seed: string; readonly at: number }[] = [];
  for (const scenario of await namesIn(folder)) {
    for (const seed of await namesIn(join(folder, scenario))) {
      const path = join(folder, scenario, seed, 'result.json');
      const info = await stat(path).catch(() => null);
      if (info?.isFile() && info.size <= RESULT_MAX_BYTES) found.push({ path, scenario, seed, at: info.mtimeMs });
    }
  }
  found.sort((one, other) => one.at - other.at);
  const runs = await Promise.all(found.slice(-RUNS_MAX).map(async (each) => runIn(await readText(each.path), each)));
  return runs.flatMap((run) => run ?? []);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Null for what is no result, such as one that is being written. */
function runIn(json: string, { scenario, seed }: { scenario: string; seed: string }): Run | null {
  let result: Record<string, unknown>;
  try {
    result = JSON.parse(json);
  } catch {
    return null;
  }
  const word = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '');
  const patches = Array.isArray(result.patches) ? result.patches.map(word) : [];
  const late = (result.probes as { newSleep?: { late?: unknown } } | undefined)?.newSleep?.late;
  return {
    scenario,
    seed,
    testbed: word(result.testbed),
    kernel: word(result.kernel),
    fix: [word(result.restore), ...patches].filter((each) => each !== '' && each !== 'fields-2007').join(' '),
    fault: word(result.fault),
    verdict: word(result.verdict),
    mechanism: word(result.mechanism),
    late: typeof late === 'number' ? late : null,
  };
}
