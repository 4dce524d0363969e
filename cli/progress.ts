/** A progress bar on standard error, for whatever takes longer than two seconds; nothing where nobody looks. */
import { SingleBar } from 'cli-progress';

export type Progress = { readonly update: (part: number, note?: string) => void; readonly stop: () => void };

/** Begins a bar over [0, 1]. */
export function progressBar(label: string): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% {note}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
  });
  bar.start(1000, 0, { note: '' });
  return { update: (part, note = '') => bar.update(Math.round(part * 1000), { note }), stop: () => bar.stop() };
}
