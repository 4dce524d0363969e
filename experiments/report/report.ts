/**
 * The single-file report of one run: the verdict in a sentence, the chart of the guest's clocks, what each probe saw, the
 * evidence, the timeline, and the line that repeats the run. A function of header, events and result: it can be made
 * again from a run folder at any time, byte for byte.
 */
import { clockPlotOf } from '@skewbed/dashboard/clock-plot.ts';
import { longText, secondsText, signedSecondsText } from '@skewbed/dashboard/duration-text.ts';
import { type HistoryView, viewOf } from '@skewbed/dashboard/view.ts';
import type { HistoryEvent, HistoryHeader } from '@skewbed/proto/history.ts';
import { type Html, html, jsonForScript, nothing } from './html.ts';
import { renderPage } from './page.ts';
import { probeTable } from './probe-table.ts';
import type { ReportedResult } from './reported-result.ts';
import { causeSentence, nanosOf, toneOf, verdictSentence } from './sentence.ts';
import { timelineTable } from './timeline.ts';

export type Report = {
  readonly header: HistoryHeader;
  readonly events: readonly HistoryEvent[];
  readonly result: ReportedResult;
};

/** An idle guest has a new deadline with each timer; the waits that explain anything are the longest. */
const HELD_ROWS_MAX = 20;

/** The report as an HTML document. */
export function renderReport({ header, events, result }: Report): string {
  const view = viewOf(header, events);
  const body = html`<main>
<header>
<p class="kicker">Skewbed report</p>
<h1>${result.scenario}</h1>
${questionOf(header)}
</header>
<section class="verdict ${toneOf(result)}">
<p class="sentence">${verdictSentence(result)}</p>
${paragraph(causeSentence(result))}
${expectationOf(header)}
</section>
${factsOf(result)}
<section>
<h2>The clocks, minus true time</h2>
<div id="chart"></div>
<noscript><p>The chart needs JavaScript. The tables below say the same.</p></noscript>
${readingHelp(view)}
</section>
<section>
<h2>What the guest's programs saw</h2>
${probeTable(result)}
${sleepsOf(result)}
</section>
<section>
<h2>Evidence</h2>
${evidenceOf(result, view)}
</section>
${downtimeOf(result)}
<section>
<h2>Timeline</h2>
<p class="soft">Seconds of true time from the reference instant: when the guest ran again, or, without a move, the first settime.</p>
${timelineTable(view)}
</section>
<section>
<h2>Again</h2>
<pre><code>${result.replay}</code></pre>
<p class="soft">sha256 of the history: <code>${result.historySha256}</code></p>
</section>
</main>`;
  return renderPage({
    title: `${result.scenario}: ${result.verdict} · Skewbed`,
    body,
    chart: jsonForScript(clockPlotOf(view)),
  });
}

function questionOf(header: HistoryHeader): Html {
  const question = planField(header, 'question');
  return typeof question === 'string' ? html`<p class="question">${question}</p>` : nothing;
}

/** What the scenario expects, in its own words. Whether it was met is the run's exit code, which a report does not have. */
function expectationOf(header: HistoryHeader): Html {
  const expected = planField(header, 'expect');
  if (typeof expected !== 'object' || expected === null) return nothing;
  const said = Object.entries(expected)
    .filter(([, value]) => ['string', 'number', 'bigint', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name} ${String(value)}`);
  return said.length === 0 ? nothing : html`<p class="soft">The scenario expects: ${said.join(', ')}.</p>`;
}

function planField(header: HistoryHeader, name: string): unknown {
  const { plan } = header;
  return typeof plan === 'object' && plan !== null ? (plan as Record<string, unknown>)[name] : undefined;
}

function factsOf(result: ReportedResult): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['verdict', [result.verdict, ...result.also].join(', ')],
    ['mechanism', result.mechanism],
    ['fault', result.fault],
    ['guest kernel', result.kernel],
    ['restore', result.restore],
    ['patches', result.patches.length === 0 ? 'none' : result.patches.join(', ')],
    ['testbed', result.testbed],
    ['seed', String(result.seed)],
    ...(result.scale === 1 ? [] : [['scale', `times in this report are the scenario's x ${result.scale}`] as const]),
  ];
  return html`<dl class="facts">
${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

function readingHelp(view: HistoryView): Html {
  const frozen = view.freezes.length > 0;
  return html`<p class="soft">A clock that runs is a level line. ${
    frozen
      ? 'A clock that stands still falls by one second a second, until the clock of the host on which it waits has come up to the value that it holds. '
      : ''
  }Solid lines are clocks inside the guest, dashed lines are clocks of hosts; zero is ${
    view.outages.length > 0
      ? 'the first host when the guest stopped there'
      : 'the host just before the reference instant'
  }. Drag to zoom, double-click for the whole run, click a name to show or hide a clock.</p>`;
}

function sleepsOf(result: ReportedResult): Html {
  if (result.sleeps.length === 0) return nothing;
  const rows = result.sleeps.map(({ length, armed, returnedAfter }) => {
    const before = armed < 0 || Object.is(armed, -0);
    const when = before
      ? `${secondsText(nanosOf(Math.abs(armed)))} before the stop`
      : `${secondsText(nanosOf(armed))} after the reference instant`;
    const back = returnedAfter === null ? 'never within the run' : longText(nanosOf(returnedAfter));
    return html`<tr><td class="figure">${secondsText(nanosOf(length))}</td><td>${when}</td><td class="figure">${back}</td></tr>\n`;
  });
  return html`<h3>Sleeps of the scenario</h3>
<div class="scroll"><table>
<thead><tr><th scope="col">length</th><th scope="col">armed</th><th scope="col">came back after</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>
<p class="soft">Counted from the arming, or from the reference instant where it was armed before the stop.</p>`;
}

function evidenceOf(result: ReportedResult, view: HistoryView): Html {
  if (result.evidence.length === 0 && view.held.length === 0) {
    return html`<p>No variable was ahead of the clock that it is compared with.</p>`;
  }
  const rows = result.evidence.map(({ variable, holds, waitsOn, freedAfter }) => {
    const freed = freedAfter === null ? 'not within the run' : `after ${longText(nanosOf(freedAfter))}`;
    return html`<tr><th scope="row"><code>${variable}</code></th><td class="figure">${holds}</td><td>${waitsOn}</td><td>${freed}</td></tr>\n`;
  });
  const longest = [...view.held].sort((one, other) => Number(other.leadNs - one.leadNs)).slice(0, HELD_ROWS_MAX);
  const held = longest.map(
    (row) =>
      html`<tr><th scope="row"><code>${row.variable}</code></th><td>${row.mechanism}</td><td class="figure">${secondsText(row.holdsNs)}</td><td>${row.waitsOn} of ${row.host}</td><td class="figure">${longText(row.leadNs)}</td><td class="figure">${signedSecondsText(row.seenFrom - view.reference)}</td></tr>\n`,
  );
  const verdictTable =
    rows.length === 0
      ? html`<p>No variable was found to have stopped a clock.</p>`
      : html`<div class="scroll"><table>
<thead><tr><th scope="col">variable</th><th scope="col">holds</th><th scope="col">waits on</th><th scope="col">freed</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
  const heldTable =
    held.length === 0
      ? nothing
      : html`<details><summary>Variables that a debugger saw ahead of their clocks, the longest waits first (a deadline of an idle guest is one, too)</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">variable</th><th scope="col">mechanism</th><th scope="col">holds</th><th scope="col">waits on</th><th scope="col">ahead by</th><th scope="col">first seen</th></tr></thead>
<tbody>
${held}</tbody>
</table></div></details>`;
  return html`${verdictTable}${heldTable}`;
}

function downtimeOf(result: ReportedResult): Html {
  const { downtime } = result;
  if (downtime === null) return nothing;
  const whole =
    downtime.lo === downtime.hi
      ? longText(nanosOf(downtime.lo))
      : `between ${secondsText(nanosOf(downtime.lo))} and ${secondsText(nanosOf(downtime.hi))}`;
  const parts = Object.entries(downtime.parts).map(
    ([name, part]) => html`<tr><th scope="row">${name}</th><td class="figure">${partText(part)}</td></tr>\n`,
  );
  const table =
    parts.length === 0
      ? nothing
      : html`<div class="scroll"><table>
<thead><tr><th scope="col">part</th><th scope="col">true time</th></tr></thead>
<tbody>
${parts}</tbody>
</table></div>`;
  return html`<section>
<h2>Downtime</h2>
<p>The guest did not run for ${whole} of true time.</p>
${table}
</section>`;
}

/** A part is seconds, or an interval of them. */
function partText(part: unknown): string {
  if (typeof part === 'number') return secondsText(nanosOf(part));
  if (typeof part === 'object' && part !== null && 'lo' in part && 'hi' in part) {
    const { lo, hi } = part;
    if (typeof lo === 'number' && typeof hi === 'number') {
      return lo === hi ? secondsText(nanosOf(lo)) : `${secondsText(nanosOf(lo))} to ${secondsText(nanosOf(hi))}`;
    }
  }
  return String(part);
}

function paragraph(text: string): Html {
  return text === '' ? nothing : html`<p>${text}</p>`;
}
