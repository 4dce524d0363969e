/** The first table of docs/the-hang.md was worked out by hand. Here every cell of it is run. */
import { readFileSync } from 'node:fs';
import { caseNamed, loadScenario } from '@skewbed/experiments/case-library.ts';
import { judge } from '@skewbed/experiments/result.ts';
import { runInSim } from '@skewbed/experiments/testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from '@skewbed/experiments/trial.ts';
import { describe, expect, it } from 'vitest';

const KERNELS = [
  'xenlinux-2.6.18-2007',
  'xenlinux-2.6.18',
  'suse-2.6.25',
  'pvops-2.6.27',
  'pvops-2.6.35',
  'pvops-6.12',
];
const TICK_S = 0.01;

type Cell = { readonly case: string; readonly kernel: string; readonly text: string };

/** The rows of the table whose head names the kernels K0 to K5 and whose rows begin with a case. */
function cellsOf(page: string): Cell[] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => /^\|\s*\| K0 \| K1 \| K2 \| K3 \| K4 \| K5 \|$/.test(line));
  return lines.slice(head + 2, head + 8).flatMap((line) => {
    const [name = '', ...texts] = line.split('|').slice(1, -1);
    return texts.map((text, i) => ({ case: name.trim(), kernel: KERNELS[i] as string, text: text.trim() }));
  });
}

const numberIn = (text: string, pattern: RegExp): number | null => {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found.replaceAll(',', ''));
};

/** What a cell promises: `0`, or the mechanism and the seconds in bold, and how far the date steps. */
function promised(text: string) {
  const bold = /^\*\*([M0-9b+]+) ([\d,]+)\*\*/.exec(text);
  return {
    late: bold === null ? 0 : Number((bold[2] as string).replaceAll(',', '')),
    mechanism: bold?.[1] ?? null,
    dateStep: numberIn(text, /date steps ([+-][\d,]+)/),
    leap: numberIn(text, /CLOCK_MONOTONIC leaps \+([\d,]+)/),
    ahead: numberIn(text, /(?:, |date )(\d+) ahead/),
  };
}

function run({ case: name, kernel }: Cell) {
  const scenario = varied(loadScenario(caseNamed(name)!), { kernel, restore: 'fields-2007' });
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }));
  return judge(header, events).result;
}

/** What the run shows otherwise than the cell says. */
function differences(cell: Cell): string[] {
  const said = promised(cell.text);
  const { probes, mechanism, verdict, fault } = run(cell);
  const differs: string[] = [];
  const compare = (what: string, wanted: number | null, shown: number | null | undefined): void => {
    if (wanted !== null && !(Math.abs((shown ?? Number.NaN) - wanted) <= TICK_S + 1e-6))
      differs.push(`${what}: ${shown} in the run, ${wanted} on the page`);
  };
  if (fault !== 'confirmed') differs.push(`the fault is ${fault}`);
  compare('late', said.late, probes.newSleep?.late);
  compare('step of the date', said.dateStep, probes.date?.step);
  compare('leap of CLOCK_MONOTONIC', said.leap, probes.monotonic?.leap);
  compare('date ahead of the host', said.ahead, probes.date?.aheadOfHost);
  if (said.mechanism !== null && said.mechanism !== mechanism) differs.push(`${mechanism}, not ${said.mechanism}`);
  if ((said.mechanism === null) !== (verdict === 'healthy')) differs.push(`the verdict is ${verdict}`);
  return differs;
}

describe('docs/the-hang.md', () => {
  const cells = cellsOf(readFileSync(new URL('./the-hang.md', import.meta.url), 'utf8'));

  it('has the six cases on six kernels', () => {
    expect(cells).toHaveLength(36);
  });

  it.each(cells)('$case on $kernel: $text', (cell) => {
    expect(differences(cell)).toEqual([]);
  });

  it('another figure in a cell would be noticed', () => {
    const [cell] = cells.filter(({ text }) => text === '**M1 570**');
    expect(differences({ ...(cell as Cell), text: '**M1 571**' })).toHaveLength(1);
    expect(differences({ ...(cell as Cell), text: '**M2 570**' })).toHaveLength(1);
    expect(differences({ ...(cell as Cell), text: '0' })).toHaveLength(2);
  });
});
