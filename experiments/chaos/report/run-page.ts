/**
 * The page of one chaos run, in the form of every report here: what the checkers found, guests and faults as lanes over
 * time, the clocks of the hosts, then the tables, and at the end the line that repeats the run. A function of what was
 * kept of it: history, journal, and what was found.
 */
import { signedSecondsText } from '@skewbed/dashboard/duration-text.ts';
import { formatDuration } from '@skewbed/model/time/nanos.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { type Html, html, jsonForScript, nothing } from '../../report/html.ts';
import { renderPage } from '../../report/page.ts';
import { timelineTable } from '../../report/timeline.ts';
import type { Violation } from '../checkers/checker.ts';
import { checkerText } from '../checkers/index.ts';
import { nsOfMs } from '../duration.ts';
import type { Fault } from '../faults/index.ts';
import type { KeptRun } from '../kept-run.ts';
import { chaosStyle } from './chaos-style.ts';
import { chaosPlot, chaosView } from './course.ts';
import { inOrder, type Lanes, lanesOf, withLosses } from './lanes.ts';
import { drawLanes } from './lanes-drawing.ts';

/** The page as an HTML document. */
export function renderChaosRun({ header, record, violations, replay, historySha256 }: KeptRun): string {
  const { schedule, origin } = record;
  const { seed } = schedule;
  const lanes = lanesOf(record, violations);
  const events = withLosses(inOrder(record.events));
  const view = chaosView({ header, origin, events });
  const body = html`<main>
<header>
<p class="kicker">Skewbed chaos</p>
<h1>Seed ${seed}</h1>
<p class="question">${summaryOf(schedule)}${header.testbed === 'sim' ? '' : `, on real nodes (${header.testbed})`}</p>
</header>
<section class="verdict ${violations.length === 0 ? 'good' : 'bad'}">
<p class="sentence">${sentenceOf(violations)}</p>
${schedule.canary === undefined ? nothing : html`<p>A deliberate bug was put in: ${schedule.canary}.</p>`}
</section>
${findingsOf(lanes)}
<section>
<h2>Guests, moves and faults</h2>
<div class="scroll">${drawLanes(
    lanes,
    schedule.guests.map(({ name }) => name),
  )}</div>
<p class="soft">A bar is a guest that runs on a host; a line is a move, a cross one that was given up after the guest had stopped. Boxes are faults with their numbers, dashed where nothing could be said of them; a red line is a finding.${quietText(lanes)}</p>
</section>
<section>
<h2>The clocks of the hosts</h2>
<div id="chart"></div>
<noscript><p>The chart needs JavaScript. The tables below say the same.</p></noscript>
<p class="soft">A wall is shown as its distance from true UTC, an uptime as its distance from the course that it had at boot. Clocks of guests are hidden unless they stood still. Drag to zoom, double-click for all of it, click a name to show or hide a clock.</p>
</section>
<section>
<h2>Faults</h2>
${faultsTable(lanes)}
</section>
<section>
<h2>Moves</h2>
${movesTable(lanes)}
</section>
<section>
<h2>Hosts and guests</h2>
${hostsTable(schedule)}
${guestsTable(schedule)}
</section>
<section>
<h2>Timeline</h2>
<details><summary>Everything that happened, in seconds of true time from the beginning</summary>
${timelineTable(view)}
</details>
</section>
<section>
<h2>Again</h2>
<pre class="command"><code>${replay}</code></pre>
<p class="soft">sha256 of history.jsonl: <code>${historySha256}</code></p>
</section>
</main>`;
  return renderPage({
    title: `chaos seed ${seed}: ${violations[0]?.checker ?? 'nothing found'} · Skewbed`,
    body,
    chart: jsonForScript(chaosPlot(view, lanes)),
    style: chaosStyle,
  });
}

type Schedule = KeptRun['record']['schedule'];

const summaryOf = ({ hosts, guests, moves, faults }: Schedule): string =>
  [
    count(hosts.length, 'host'),
    count(guests.length, 'guest'),
    count(moves.length, 'move'),
    count(faults.length, 'fault'),
  ].join(', ');

function sentenceOf(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  if (first === undefined) return 'The checkers find nothing wrong with this run.';
  const more =
    others.length === 0
      ? ''
      : ` There ${others.length === 1 ? 'is one more finding' : `are ${others.length} more findings`}.`;
  return `${first.checker}: ${first.what}.${more}`;
}

function findingsOf({ violations }: Lanes): Html {
  if (violations.length === 0) return nothing;
  const rows = violations.map(
    ({ number, atNs, checker, what }) =>
      html`<tr class="bad"><td class="figure">${number}</td><td class="figure">${secondsOf(atNs).toFixed(3)} s</td><th scope="row">${checker}</th><td>${what}</td><td class="soft">${checkerText(checker)}</td></tr>\n`,
  );
  return html`<section>
<h2>What was found</h2>
${table(['', 'true time', 'checker', 'what', 'what has to hold'], rows)}
</section>`;
}

function faultsTable({ lanes }: Lanes): Html {
  const all = lanes.flatMap(({ faults }) => faults).sort((a, b) => a.number - b.number);
  if (all.length === 0) return html`<p>None.</p>`;
  const state = { confirmed: 'fine', inconclusive: 'missing', mismatch: 'bad' } as const;
  const rows = all.map(
    ({ number, fault, fromMs, outcome, detail }) =>
      html`<tr class="${outcome === null ? 'missing' : state[outcome]}"><td class="figure">${number}</td><td class="figure">${(fromMs / 1000).toFixed(3)} s</td><th scope="row">${fault.kind}</th><td>${fieldsOf(fault)}</td><td class="figure"><span class="dot" aria-hidden="true"></span>${outcome ?? 'not read back'}</td><td class="soft">${detail}</td></tr>\n`,
  );
  return table(['', 'from', 'fault', 'with', 'read back', 'how'], rows);
}

/** 'host b, byMs -7000'; what is inside another field comes with dots. */
function fieldsOf({ kind: _, atMs: __, ...fields }: Fault): string {
  const said = (name: string, value: unknown): string =>
    typeof value === 'object' && value !== null ? Object.values(value).join(' ') : `${name} ${String(value)}`;
  return Object.entries(fields)
    .map(([name, value]) => said(name, value))
    .join(', ');
}

function movesTable({ moves }: Lanes): Html {
  if (moves.length === 0) return html`<p>None.</p>`;
  const state = (ended: string): string => (ended === 'running' ? 'fine' : ended === 'aborted' ? 'odd' : 'missing');
  const rows = moves.map(
    ({ migration, guest, from, to, stoppedMs, ranMs, ended, detail }) =>
      html`<tr class="${state(ended)}"><th scope="row">${migration}</th><td>${guest}</td><td>${from ?? ''}</td><td>${to}</td><td class="figure">${secondsAt(stoppedMs)}</td><td class="figure">${secondsAt(ranMs)}</td><td class="figure"><span class="dot" aria-hidden="true"></span>${ended}</td><td class="soft">${detail}</td></tr>\n`,
  );
  return table(['', 'guest', 'from', 'to', 'stopped', 'ran again', 'ended', 'why'], rows);
}

function hostsTable({ hosts }: Schedule): Html {
  const rows = hosts.map(
    ({ name, wallMs, uptimeMs, ntpMs, patches }) =>
      html`<tr><th scope="row">host ${name}</th><td class="figure">${signedSecondsText(nsOfMs(wallMs))}</td><td class="figure">${formatDuration(nsOfMs(uptimeMs))}</td><td>${ntpMs === null ? 'off' : `every ${ntpMs / 1000} s`}</td><td>${patches.join(', ') || 'none'}</td></tr>\n`,
  );
  return table(['', 'wall, from UTC', 'uptime', 'ntp', 'patches'], rows);
}

function guestsTable({ guests }: Schedule): Html {
  if (guests.length === 0) return nothing;
  const rows = guests.map(
    ({ name, kernel, host, pages, patches }) =>
      html`<tr><th scope="row">${name}</th><td>${kernel}</td><td>${host}</td><td class="figure">${pages}</td><td>${patches.join(', ') || 'none'}</td></tr>\n`,
  );
  return table(['guest', 'kernel', 'begins on', 'pages', 'patches'], rows);
}

const table = (heads: readonly string[], rows: readonly Html[]): Html => html`<div class="scroll"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;

const quietText = ({ quietMs }: Lanes): string =>
  quietMs < 1000 ? '' : ` ${(quietMs / 1000).toFixed(0)} s of quiet at the end are not shown.`;
const secondsAt = (ms: number | null): string => (ms === null ? '' : `${(ms / 1000).toFixed(3)} s`);
const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;
