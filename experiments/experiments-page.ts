/**
 * docs/experiments.md, made from the cells of the matrix and nothing else: what each guest does in each case, and what
 * each fix changes about it. The page is generated, and a test fails when it differs from what the runs show.
 */
import { KERNELS } from '@skewbed/model/guest/kernels/index.ts';
import { PATCHES, patchNamed } from '@skewbed/model/patches/registry.ts';
import { caseNames } from './case-library.ts';
import { CLAIMS } from './claims/all-claims.ts';
import { type ClaimShown, testClaim } from './claims/claim-test.ts';
import { type Effect, type FixRow, fixRows, type Symptom, symptoms } from './fixes.ts';
import { type Cell, type Ran, runMatrix } from './matrix.ts';
import { KERNEL_NAMES } from './scenarios/scenario.ts';
import { simTestbed } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS } from './trial.ts';

/** Differences up to a guest tick are no lateness. */
const TICK_S = 0.01;
const BASELINE = 'fields-2007';

/** Runs everything that the page is about, in the simulator, and writes it. */
export async function experimentsPage(): Promise<string> {
  const ran = await runMatrix({ cases: caseNames(), seed: 1 });
  const claims: ClaimShown[] = [];
  for (const claim of CLAIMS)
    claims.push(await testClaim(claim, simTestbed, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }));
  return `# Experiments

Generated from ${ran.filter(({ cell }) => cell.verdict !== 'not-applicable').length} runs of the matrix and ${claims.reduce((sum, claim) => sum + claim.trials.length, 0)} of the claims: \`npm run docs\` writes this page again, and a test fails when it differs from what the runs show. Where the runs contradict what was written before: [contradictions.md](contradictions.md).

${renderMatrixPage(ran)}

${renderSymptoms(symptoms(), fixRows())}

${renderClaims(claims)}
`;
}

/** Each fix against each mechanism by itself. */
function renderSymptoms(all: readonly Symptom[], rows: readonly FixRow[]): string {
  return `## Which fix cures which symptom

Each symptom is a run that shows one mechanism alone, some of which no case has:

${markdownTable(
  ['symptom', 'the run that shows it'],
  all.map(({ name, text }) => [name, text]),
)}

Each fix alone: *sleeps* means that new sleeps are on time and the date still stands, *not moved* that the guest stays where it was, a mechanism that the guest freezes by that one instead. Empty: the fix is for other kernels.

${markdownTable(
  ['fix', ...all.map(({ name }) => name)],
  rows.map(({ fix, effects }) => [`\`${fix}\``, ...effects.map(effectText)]),
)}`;
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case 'cured':
      return '**cured**';
    case 'other':
      return `turns into ${effect.mechanism}`;
    case 'not-moved':
      return 'not moved';
    case 'not-applicable':
      return '';
    case 'sleeps':
    case 'no':
      return effect.kind;
    default:
      return effect satisfies never;
  }
}

/** Who was right in the thread. */
function renderClaims(claims: readonly ClaimShown[]): string {
  const rows = claims.map((claim) => [
    claim.who,
    claim.says,
    `**${claim.finding}**`,
    claim.trials.map((t) => `${t.label}: ${t.predicts} (${t.held ? 'holds' : 'does not hold'})`).join('<br>') || '–',
    claim.because,
  ]);
  return `## What was said in the thread

The claims of the xen-devel thread of November 2008, in our words, and what the runs say about each. \`npx skewbed claims\` runs them.

${markdownTable(['who', 'claim', 'finding', 'what it predicts, and whether the run shows it', 'because'], rows)}`;
}

/** The page's part about the matrix. */
export function renderMatrixPage(ran: readonly Ran[]): string {
  const cases = [...new Set(ran.map(({ cell }) => cell.scenario))];
  return [
    '## What each guest does',
    'Each cell is one run in the simulator: how late sleep(1) came back, armed right after the guest ran again, in seconds; then the mechanism that the probes prove, and what else was wrong and stopped nobody. **Bold** is a frozen guest.',
    ...['fields-2007', 'song-2008', 'copy-all', 'stream-v3'].flatMap((policy) => [
      `### Restore policy \`${policy}\`, no patch`,
      grid(cases, (scenario, kernel) => cellText(find(ran, { scenario, kernel, restore: policy, patches: [] }))),
    ]),
    '## What each fix changes',
    `Against the same case and kernel without it, under \`${BASELINE}\`. *Cures*: frozen without it, not with it. *Not cured*: frozen with it too. *Harms*: frozen with it only. The policies \`song-2008\` and \`copy-all\` are in the list because they were proposed, or used, as one.`,
    fixTable(ran, cases),
  ].join('\n\n');
}

function fixTable(ran: readonly Ran[], cases: readonly string[]): string {
  const fixes: readonly { name: string; restore: string; patches: readonly string[] }[] = [
    { name: 'song-2008', restore: 'song-2008', patches: [] },
    { name: 'copy-all', restore: 'copy-all', patches: [] },
    ...PATCHES.filter((p) => p.testOnly !== true && p.name !== 'song-2008').map((p) => ({
      name: p.name,
      restore: BASELINE,
      patches: [p.name],
    })),
  ];
  const rows = fixes.map(({ name, restore, patches }) => {
    const found = { cures: [] as string[], not: [] as string[], harms: [] as string[], also: [] as string[] };
    for (const scenario of cases) {
      for (const kernel of KERNEL_NAMES) {
        const before = find(ran, { scenario, kernel, restore: BASELINE, patches: [] });
        const after = find(ran, { scenario, kernel, restore, patches });
        if (before === undefined || after === undefined || after.cell.verdict === 'not-applicable') continue;
        const place = `${caseLabel(scenario)} ${KERNELS[kernel].label}`;
        const was = before.cell.verdict === 'frozen';
        const is = after.cell.verdict === 'frozen';
        if (was && !is) found.cures.push(`${place} (${before.cell.mechanism})`);
        if (was && is) found.not.push(`${place} (${changed(before.cell, after.cell)})`);
        if (!was && is) found.harms.push(`${place} (${after.cell.mechanism})`);
        if (!was && !is && before.cell.mechanism !== after.cell.mechanism) {
          found.also.push(`${place}: ${before.cell.mechanism} → ${after.cell.mechanism}`);
        }
      }
    }
    const side = patchNamed(name)?.side ?? 'toolstack';
    return [`\`${name}\``, side, list(found.cures), list(found.not), list(found.harms), list(found.also)];
  });
  return markdownTable(['fix', 'side', 'cures', 'not cured', 'harms', 'changes, and nobody froze'], rows);
}

const changed = (before: Cell, after: Cell): string =>
  before.mechanism === after.mechanism ? before.mechanism : `${before.mechanism} → ${after.mechanism}`;

function cellText(ran: Ran | undefined): string {
  if (ran === undefined) return '';
  const { cell, also } = ran;
  const late = cell.late === null ? 'never' : secondsText(cell.late);
  const mechanism = cell.mechanism === 'none' ? '' : ` ${cell.mechanism}`;
  const text = `${late}${mechanism}`;
  const extra = also.length === 0 ? '' : `<br>${also.join(', ')}`;
  return cell.verdict === 'frozen'
    ? `**${text}**${extra}`
    : `${text}${cell.verdict === 'healthy' ? '' : ` ${cell.verdict}`}${extra}`;
}

/** Seconds, with what is within a tick of a whole number taken for it: programs are armed between ticks. */
function secondsText(seconds: number): string {
  const whole = Math.round(seconds);
  return Math.abs(seconds - whole) <= TICK_S + 1e-9 ? String(whole) : seconds.toFixed(2);
}

const find = (
  ran: readonly Ran[],
  key: { scenario: string; kernel: string; restore: string; patches: readonly string[] },
): Ran | undefined =>
  ran.find(
    ({ cell }) =>
      cell.scenario === key.scenario &&
      cell.kernel === key.kernel &&
      cell.restore === key.restore &&
      cell.patches.join() === key.patches.join(),
  );

function grid(cases: readonly string[], text: (scenario: string, kernel: Cell['kernel']) => string): string {
  const head = ['case', ...KERNEL_NAMES.map((kernel) => `${KERNELS[kernel].label} \`${kernel}\``)];
  return markdownTable(
    head,
    cases.map((scenario) => [`\`${scenario}\``, ...KERNEL_NAMES.map((kernel) => text(scenario, kernel))]),
  );
}

/** 't3-uptime-only' -> 'T3'. */
const caseLabel = (scenario: string): string => (scenario.split('-')[0] as string).toUpperCase();
const list = (places: readonly string[]): string => (places.length === 0 ? '–' : places.join(', '));

/** A Markdown table. Cells must hold no bar. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
