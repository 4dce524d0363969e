/** What is told of runs on real nodes: on runs of the simulator, which have the same form. */
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../json-text.ts';
import { runChaos } from '../chaos-run.ts';
import type { Fault } from '../faults/index.ts';
import { oneMove } from '../one-move.ts';
import { outcomesOf, tallyOf } from '../outcomes.ts';
import { realExit, type ToldRun } from './real-campaign.ts';
import { RealFields, realResult } from './real-result.ts';
import { realJunit, realMarkdown, realSummary, runLines } from './real-text.ts';

const date: Fault = { kind: 'date', atMs: 1000, host: 'a', byMs: 50 };
/** Nobody is there whose message it could wait for. */
const vain: Fault = { kind: 'corruption', atMs: 9000, host: 'a', frame: 9, waitsMs: 10 };

function toldOf(faults: readonly Fault[], more: Partial<ToldRun> = {}): ToldRun {
  const run = { ...runChaos(oneMove(faults)), testbed: 'processes' } as const;
  return { run, differences: [], unjudged: [], tally: tallyOf(outcomesOf(run)), ...more };
}
const withFinding = (told: ToldRun): ToldRun => ({
  ...told,
  run: { ...told.run, violations: [{ checker: 'copies', atNs: 2_000_000_000n, what: 'red <runs> twice' }] },
});

describe('a campaign on real nodes', () => {
  it('is 0 when nothing is found, 1 when something is, 2 when there were faults and none was confirmed', () => {
    expect(realExit([toldOf([date])])).toBe(0);
    expect(realExit([toldOf([date]), withFinding(toldOf([date]))])).toBe(1);
    expect(realExit([toldOf([vain])])).toBe(2);
    expect(realExit([toldOf([vain]), toldOf([date])])).toBe(0);
    expect(realExit([toldOf([])])).toBe(0);
  });

  it('says when it was blind, and how many runs came out otherwise than in the simulator', () => {
    expect(realSummary([toldOf([vain])], 'processes')).toMatch(/blind: no fault could be confirmed$/);
    expect(realJunit([toldOf([vain])], 'processes')).toContain('errors="1"');
    const summary = realSummary([toldOf([date]), toldOf([date], { differences: ['m1: a (sim), b (processes)'] })], 'x');
    expect(summary).toBe('2 seeds on x, 0 with findings, 1 otherwise than in the simulator');
  });

  it('tells faults, what was not judged and what differs, and at last the command that repeats a finding', () => {
    const told = withFinding(toldOf([date], { differences: ['m1: one, other'], unjudged: ['freeze: nothing'] }));
    const lines = runLines(told);
    expect(lines).toContain('  copies after 2.000 s: red <runs> twice');
    expect(lines).toContain('  differs: m1: one, other');
    expect(lines).toContain('  not judged: freeze: nothing');
    expect(lines.at(-1)).toMatch(/^npx skewbed replay sb1\.\S+ --on processes$/);
    expect(runLines(toldOf([date])).join()).not.toContain('skewbed replay');
  });

  it('is a JSON document that fits its published schema, which has no place for anything else', () => {
    const told = [toldOf([date], { differences: ['m1: one'], unjudged: ['freeze: x'] }), withFinding(toldOf([vain]))];
    const result = JSON.parse(jsonText(realResult(told, 'containers')));
    const schema = Compile(RealFields);
    expect([...schema.Errors(result)]).toEqual([]);
    expect(result.runs[1].violations).toEqual([{ checker: 'copies', at: 2, what: 'red <runs> twice' }]);
    expect(schema.Check({ ...result, colour: 'red' })).toBe(false);
  });

  it('is JUnit and Markdown for machines that read those', () => {
    const told = withFinding(toldOf([date]));
    const junit = realJunit([told, toldOf([date])], 'processes');
    expect(junit).toContain('tests="2" failures="1" errors="0"');
    expect(junit).toContain('red &lt;runs&gt; twice');
    expect(junit).toContain('--on processes');
    expect(realMarkdown([told], 'processes')).toMatch(/^### skewbed chaos on processes: 1 seeds with findings/);
    expect(realMarkdown([toldOf([date])], 'processes')).toMatch(/nothing found/);
  });
});
