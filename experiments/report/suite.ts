/**
 * The index page of a suite of runs: one row a run, with a link to its report. No script, no request.
 */
import { longText } from '@skewbed/dashboard/duration-text.ts';
import { type Html, html, nothing, relativeHref } from './html.ts';
import { renderPage } from './page.ts';
import { nanosOf } from './sentence.ts';

export type SuiteRow = {
  readonly scenario: string;
  readonly kernel: string;
  readonly restore: string;
  readonly patches: readonly string[];
  /** A verdict of the result, or 'not-applicable'. */
  readonly verdict: string;
  readonly mechanism: string;
  /** How late sleep(1) came back, in seconds; null when it never did, or when there was no run. */
  readonly late: number | null;
  /** Whether what the scenario expects came about; absent when it expects nothing. */
  readonly passed?: boolean;
  /** Path of the run's report, relative to this page. */
  readonly report?: string;
};

/** The index as an HTML document. */
export function renderSuite(rows: readonly SuiteRow[]): string {
  const judged = rows.some((row) => row.passed !== undefined);
  const body = html`<main>
<header>
<p class="kicker">Skewbed report</p>
<h1>${rows.length} ${rows.length === 1 ? 'run' : 'runs'}</h1>
<p class="question">${summaryOf(rows)}</p>
</header>
<section>
<div class="scroll"><table class="suite">
<thead><tr><th scope="col">scenario</th><th scope="col">kernel</th><th scope="col">restore</th><th scope="col">patches</th><th scope="col">verdict</th><th scope="col">mechanism</th><th scope="col">sleep(1) late by</th>${
    judged ? html`<th scope="col">as expected</th>` : nothing
  }</tr></thead>
<tbody>
${rows.map((row) => rowOf(row, judged))}</tbody>
</table></div>
</section>
</main>`;
  return renderPage({ title: 'Runs · Skewbed', body, chart: null });
}

/** '5 runs: 3 healthy, 2 frozen; 1 is not as expected.' */
export function summaryOf(rows: readonly SuiteRow[]): string {
  if (rows.length === 0) return 'Nothing was run.';
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row.verdict, (counts.get(row.verdict) ?? 0) + 1);
  const verdicts = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  const unexpected = rows.filter((row) => row.passed === false).length;
  const judgement = unexpected === 0 ? '' : `; ${unexpected} ${unexpected === 1 ? 'is' : 'are'} not as expected`;
  return `${verdicts}${judgement}.`;
}

function rowOf(row: SuiteRow, judged: boolean): Html {
  const name =
    row.report === undefined ? html`${row.scenario}` : html`<a href="${relativeHref(row.report)}">${row.scenario}</a>`;
  const passed = row.passed === undefined ? '' : row.passed ? 'yes' : 'no';
  const expected = judged ? html`<td class="${row.passed === false ? 'unexpected' : ''}">${passed}</td>` : nothing;
  const patches = row.patches.length === 0 ? '–' : row.patches.join(', ');
  return html`<tr class="${stateOf(row.verdict)}"><th scope="row">${name}</th><td>${row.kernel}</td><td>${row.restore}</td><td>${patches}</td><td><span class="dot" aria-hidden="true"></span>${row.verdict}</td><td>${row.mechanism}</td><td class="figure">${lateOf(row)}</td>${expected}</tr>\n`;
}

function stateOf(verdict: string): string {
  if (verdict === 'healthy') return 'fine';
  return verdict === 'not-applicable' || verdict === 'unknown' ? 'missing' : 'bad';
}

function lateOf(row: SuiteRow): string {
  if (row.verdict === 'not-applicable') return '–';
  return row.late === null ? 'never back' : longText(nanosOf(row.late));
}
