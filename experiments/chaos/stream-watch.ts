/**
 * Counts the batches that each migration's source has under way, from outside: those that have left the source, less
 * those whose acknowledgement has left the coordinator for it. The most that there ever were goes into the history.
 * Acknowledgements that were lost with a link come once more in the dial that resumes the stream: it names the batch that
 * is due, and with that one the source begins. (A target refuses any other: it would be one too few, or one twice.)
 */
import { decode } from '@skewbed/proto/codec.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { BedLink } from './bed-link.ts';

type Count = { sent: number; acknowledged: number; most: number; end: object | null };

/** The phase under which it is told; the detail is the number. */
export const BATCHES_UNDER_WAY = 'batches-under-way';

/** Watches the streams which a node is the source of. Each new maximum is told. */
export function watchStreams(
  link: Pick<BedLink, 'watch'>,
  at: { readonly node: string; readonly now: () => TrueNs },
  tell: (event: HistoryEvent) => void,
): void {
  const counts = new Map<string, Count>();
  link.watch(({ from, path, message, end }) => {
    if (!path.startsWith('/v1/streams/')) return true;
    const seen = read(message);
    if (seen === null) return true;
    const { migration } = seen;
    const count = counts.get(migration) ?? { sent: 0, acknowledged: 0, most: 0, end: null };
    counts.set(migration, count);
    if (seen.type === 'batch' && from === at.node) {
      if (count.end !== end) count.acknowledged = Math.max(count.acknowledged, seen.seq);
      count.end = end;
      count.sent = Math.max(count.sent, seen.seq + 1);
      const underWay = count.sent - count.acknowledged;
      if (underWay <= count.most) return true;
      count.most = underWay;
      const host = at.node.replace(/^node-/, '');
      tell({
        at: at.now(),
        host,
        kind: 'migration',
        migration,
        domain: migration,
        phase: BATCHES_UNDER_WAY,
        detail: String(underWay),
      });
    }
    if (seen.type === 'ack' && from !== at.node) count.acknowledged = Math.max(count.acknowledged, seen.seq + 1);
    return true;
  });
}

function read(message: Uint8Array): { type: 'batch' | 'ack'; migration: string; seq: number } | null {
  try {
    const decoded = decode(message, 'stream');
    return decoded.type === 'batch' || decoded.type === 'ack' ? decoded : null;
  } catch (error) {
    if (error instanceof SkewbedError) return null;
    throw error;
  }
}
