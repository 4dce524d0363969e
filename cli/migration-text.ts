/** What a live migration did, in lines for people: its passes, and the parts of its downtime. */
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import { lengthText } from './terminal.ts';

/** No lines for a move without pre-copy: there everything is the pause. */
export function migrationLines(events: readonly HistoryEvent[]): string[] {
  const told = events.findLast((event) => event.kind === 'migration-progress');
  if (told === undefined) return [];
  const parts = events.filter((event): event is EventOf<'downtime-part'> => event.kind === 'downtime-part');
  const verified = events.findLast((event) => event.kind === 'memory-verified');
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    `move       ${told.iteration} live passes, ${mib(told.transferred)} of a guest of ${mib(told.total)}: ${told.normal} pages with data, ${told.duplicate} zero`,
    ...(parts.length === 0
      ? []
      : [
          `downtime   ${parts.map(({ part, loNs, hiNs }) => `${part} ${interval(loNs, hiNs)}`).join(', ')}; in all ${interval(
            parts.reduce((sum, { loNs }) => sum + loNs, 0n),
            parts.reduce((sum, { hiNs }) => sum + hiNs, 0n),
          )}`,
        ]),
    ...(verified === undefined ? [] : [`verified   ${verified.pages} pages sent again, ${verified.different} differ`]),
  ];
}

const seconds = (ns: bigint): string => lengthText(Number(ns) / 1e9);

function interval(loNs: bigint, hiNs: bigint): string {
  return loNs === hiNs ? seconds(loNs) : `${seconds(loNs)} to ${seconds(hiNs)}`;
}
