/**
 * The page of a campaign: how much was tried, what was found, each failure with the smallest form of it and the line that
 * repeats it. Where the failures' own pages are, it leads to them. No script, no request.
 */
import { grouped } from '@skewbed/dashboard/duration-text.ts';
import { type Html, html, nothing, relativeHref } from '../../report/html.ts';
import { renderPage } from '../../report/page.ts';
import { blindness, type CampaignResult, type Failure } from '../campaign-result.ts';
import type { CheckerName } from '../checkers/checker.ts';
import { checkerText } from '../checkers/index.ts';
import { FAULT_NAMES } from '../faults/index.ts';
import { chaosStyle } from './chaos-style.ts';

/** More would be a log file; all of them are in result.json. */
const FAILURES_MAX = 100;

/** The page. `pages` has the paths, relative to it, of pages of failing seeds. */
export function renderCampaign(result: CampaignResult, pages: ReadonlyMap<number, string>): string {
  const { failures } = result;
  const shown = failures.slice(0, FAILURES_MAX);
  const body = html`<main>
<header>
<p class="kicker">Skewbed chaos</p>
<h1>${numbered(result.seeds, 'seed')}</h1>
<p class="question">${subtitleOf(result)}</p>
</header>
${verdictOf(result)}
${factsOf(result)}
${
  failures.length === 0
    ? nothing
    : html`<section>
<h2>${result.find === null ? 'Failures' : 'Findings'}</h2>
${byChecker(failures)}
${shown.map((failure) => findingOf(failure, pages.get(failure.seed)))}
${shown.length < failures.length ? html`<p class="soft">${grouped(BigInt(failures.length - shown.length))} more are in result.json.</p>` : nothing}
</section>`
}
<section>
<h2>What was done</h2>
${tallyTable(result)}
</section>
</main>`;
  return renderPage({ title: `chaos: ${sentenceOf(result)} · Skewbed`, body, chart: null, style: chaosStyle });
}

function subtitleOf({ first, of, shard, kernel, faults, canary, find }: CampaignResult): string {
  return [
    `from seed ${first} on`,
    ...(shard === '0/1' ? [] : [`part ${shard} of ${grouped(BigInt(of))}`]),
    ...(kernel === null ? [] : [`every guest ${kernel}`]),
    ...(faults === null ? [] : [`${numbered(faults, 'fault')} each`]),
    ...(canary === null ? [] : [`with the deliberate bug ${canary}`]),
    ...(find === null ? [] : [`looking for a ${find}`]),
  ].join(', ');
}

function sentenceOf({ failures, find }: CampaignResult): string {
  const sought = find === null ? null : `a ${find}`;
  if (failures.length === 0) return `no seed found ${sought ?? 'anything'}`;
  const alone = failures.every(({ checker }) => checker === find);
  return `${numbered(failures.length, 'seed')} found ${alone && sought !== null ? sought : 'something'}`;
}

function verdictOf(result: CampaignResult): Html {
  const blind = blindness(result);
  const { failures, find } = result;
  const fine = failures.every(({ checker }) => checker === find);
  const tone = !fine ? 'bad' : blind === null ? 'good' : 'doubtful';
  const sentence = sentenceOf(result);
  return html`<section class="verdict ${tone}">
<p class="sentence">${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.</p>
${blind === null ? nothing : html`<p>It proves nothing: ${blind}.</p>`}
</section>`;
}

function factsOf({ seeds, twice, seconds, simulatedSeconds, tally, historiesSum }: CampaignResult): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['run twice and compared', grouped(BigInt(twice))],
    ['took', `${seconds.toFixed(1)} s`],
    ['seeds a minute', grouped(BigInt(Math.round((60 * seeds) / Math.max(seconds, 0.001))))],
    ['simulated', `${grouped(BigInt(Math.round(simulatedSeconds)))} s`],
    ['moves that ended well', grouped(BigInt(tally['move running'] ?? 0))],
    ['moves aborted', grouped(BigInt(tally['move aborted'] ?? 0))],
    ['sum of histories', historiesSum.slice(0, 16)],
  ];
  return html`<dl class="facts">
${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

function byChecker(failures: readonly Failure[]): Html {
  const groups = Map.groupBy(failures, ({ checker }) => checker);
  const rows = [...groups].map(
    ([checker, each]) =>
      html`<tr class="bad"><th scope="row">${checker}</th><td class="figure">${each.length}</td><td class="soft">${checkerText(checker as CheckerName)}</td></tr>\n`,
  );
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">checker</th><th scope="col">seeds</th><th scope="col">what has to hold</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

/** The replay line comes last, as it does everywhere. */
function findingOf(
  { seed, checker, at, what, also, shrunk, thresholds, replay }: Failure,
  page: string | undefined,
): Html {
  const name = page === undefined ? html`Seed ${seed}` : html`<a href="${relativeHref(page)}">Seed ${seed}</a>`;
  return html`<article class="finding">
<h3>${name}: ${checker}</h3>
<p>After ${at.toFixed(3)} s: ${what}.</p>
${also.map((other) => html`<p class="soft">Also ${other}</p>\n`)}
<p class="soft">${
    shrunk === null
      ? 'Not shrunk.'
      : `Shrunk to ${numbered(shrunk.faults, 'fault')}, ${numbered(shrunk.moves, 'move')}, ${numbered(shrunk.guests, 'guest')}, ${numbered(shrunk.hosts, 'host')} in ${numbered(shrunk.runs, 'run')}.`
  }</p>
${thresholds.map(
  ({ of, clock, value, unit }) =>
    html`<p>Smallest that still does it: ${of}${clock === null ? '' : ` [${clock}]`} = ${value} ${unit}</p>\n`,
)}
<pre class="command"><code>${replay}</code></pre>
</article>\n`;
}

function tallyTable({ tally }: CampaignResult): Html {
  const cell = (name: string, outcome: string): Html =>
    html`<td class="figure">${grouped(BigInt(tally[`${name} ${outcome}`] ?? 0))}</td>`;
  const rows = FAULT_NAMES.map(
    (name) =>
      html`<tr><th scope="row">${name}</th>${cell(name, 'confirmed')}${cell(name, 'inconclusive')}${cell(name, 'mismatch')}</tr>\n`,
  );
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">fault</th><th scope="col">confirmed</th><th scope="col">inconclusive</th><th scope="col">mismatch</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

const numbered = (number: number, one: string): string => `${grouped(BigInt(number))} ${one}${number === 1 ? '' : 's'}`;
