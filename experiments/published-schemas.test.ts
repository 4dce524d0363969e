/** docs/schemas/ holds what the results are checked by. `npm run docs`, or this test with -u, writes it again. */
import { readdirSync, readFileSync } from 'node:fs';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { keptRun, resultOf } from './chaos/kept-run.ts';
import { tried } from './chaos/one-move.ts';
import { PUBLISHED_SCHEMAS, schemaText } from './published-schemas.ts';

const folder = new URL('../docs/schemas/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

describe.each(PUBLISHED_SCHEMAS)('docs/schemas/$file', (published) => {
  it('is what the results are checked by', async () => {
    await expect(schemaText(published)).toMatchFileSnapshot(`../docs/schemas/${published.file}`);
  });

  it('is a schema by itself, which refuses what it does not know', () => {
    const schema = Compile(JSON.parse(read(published.file)));
    expect(schema.Check({ schema: 1 })).toBe(false);
    expect(JSON.parse(read(published.file))).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

it('there is no other file', () => {
  expect(readdirSync(folder).sort()).toEqual(PUBLISHED_SCHEMAS.map(({ file }) => file).sort());
});

it('a run of chaos fits the schema as it is published', () => {
  const { run } = tried([{ kind: 'date', atMs: 2000, host: 'a', byMs: -7000 }]);
  const schema = Compile(JSON.parse(read('chaos-replay.schema.json')));
  const result = JSON.parse(JSON.stringify(resultOf(keptRun(run, run.violations))));
  expect([...schema.Errors(result)]).toEqual([]);
  expect(schema.Check({ ...result, colour: 'red' })).toBe(false);
});
