/**
 * The timeline of a report: the marks of a view, in order, with routine ones (a dom0 that sets its clock each minute)
 * folded into one row with a count. A row folds only within one stretch of the guest's life, so that the order of the
 * events which matter stays what it was.
 */
import { grouped, signedSecondsText } from '@skewbed/dashboard/duration-text.ts';
import type { Mark } from '@skewbed/dashboard/event-marks.ts';
import type { HistoryView } from '@skewbed/dashboard/view.ts';
import { type Html, html, nothing } from './html.ts';

export type TimelineRow = { readonly first: Mark; readonly last: Mark; readonly count: number };

/** A page with more rows than this is a log file; the rest is in history.jsonl. */
export const TIMELINE_ROWS_MAX = 400;

/** Marks folded into rows. */
export function timelineRows(marks: readonly Mark[]): TimelineRow[] {
  const rows: TimelineRow[] = [];
  let foldable = new Map<string, number>();
  for (const mark of marks) {
    if (mark.likeness === null) {
      if (mark.kind === 'guest' || mark.kind === 'migration' || mark.kind === 'failure') foldable = new Map();
      rows.push({ first: mark, last: mark, count: 1 });
      continue;
    }
    const index = foldable.get(mark.likeness);
    const row = index === undefined ? undefined : rows[index];
    if (index === undefined || row === undefined) {
      foldable.set(mark.likeness, rows.length);
      rows.push({ first: mark, last: mark, count: 1 });
    } else {
      rows[index] = { ...row, last: mark, count: row.count + 1 };
    }
  }
  return rows;
}

/** The table. Times count from the reference instant of the view. */
export function timelineTable(view: HistoryView): Html {
  const rows = timelineRows(view.marks);
  const shown = rows.slice(0, TIMELINE_ROWS_MAX).map(({ first, last, count }) => {
    const until =
      count > 1
        ? html` <span class="soft">${grouped(BigInt(count))} times until ${signedSecondsText(last.at - view.reference)}</span>`
        : nothing;
    return html`<tr class="kind-${first.kind}"><td class="figure">${signedSecondsText(first.at - view.reference)}</td><td>${first.host ?? ''}</td><td>${first.text}${until}</td></tr>\n`;
  });
  const left = rows.length - shown.length;
  const rest = left > 0 ? html`<p class="soft">${grouped(BigInt(left))} more rows are in history.jsonl.</p>` : nothing;
  return html`<div class="scroll"><table class="timeline">
<thead><tr><th scope="col">true time</th><th scope="col">host</th><th scope="col">what happened</th></tr></thead>
<tbody>
${shown}</tbody>
</table></div>${rest}`;
}
