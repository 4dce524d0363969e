/**
 * The frame of a report page: one file, no request, and a content security policy that lets nothing run or load but the
 * style sheet and the script written here, each by its hash. Those, and uPlot with its licence, are read from disk once.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Html, html, verbatim } from './html.ts';

export type Page = {
  readonly title: string;
  readonly body: Html;
  readonly chart: Html | null;
  /** Style of this page alone, after that of all. */
  readonly style?: string;
};

// uPlot is a dependency of the dashboard, which draws with it; that is where it is looked up.
const dashboard = createRequire(import.meta.resolve('@skewbed/dashboard/view.ts'));
const assets = {
  style: readFileSync(new URL('./report.css', import.meta.url), 'utf8'),
  chartStyle: readFileSync(dashboard.resolve('uplot/dist/uPlot.min.css'), 'utf8'),
  chartLibrary: readFileSync(dashboard.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'),
  chartLicence: readFileSync(dashboard.resolve('uplot/LICENSE'), 'utf8'),
  chartScript: readFileSync(dashboard.resolve('./browser/clock-chart.js'), 'utf8'),
};

const START = `
drawClockChart(uPlot, document.getElementById('chart'), JSON.parse(document.getElementById('plot').textContent));
`;

/** A whole document. `chart` is the JSON of a ClockPlot for the element with the id 'chart', or null for no script. */
export function renderPage({ title, body, chart, style: own }: Page): string {
  const styles = [...(chart === null ? [] : [assets.chartStyle]), assets.style, ...(own === undefined ? [] : [own])];
  const style = styles.join('\n');
  const script =
    chart === null ? null : `/*!\n${assets.chartLicence}*/\n${assets.chartLibrary}\n${assets.chartScript}${START}`;
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    script === null ? "script-src 'none'" : `script-src '${hashOf(script)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const scripts =
    script === null
      ? html``
      : html`<script type="application/json" id="plot">${chart ?? ''}</script>
<script>${verbatim(script)}</script>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${verbatim(style)}</style>
</head>
<body>
${body}
${scripts}
</body>
</html>
`.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
