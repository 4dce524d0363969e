/**
 * How many copies of the guest ran at once (design section 7): never two, and one in the end. Read from what the hosts
 * said they started, suspended and destroyed; not from what the coordinator believes.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { GUEST } from '../plan-programs.ts';

export type Copies = { readonly most: number; readonly atEnd: number; readonly started: boolean };

/** Follows the copies of the guest through a history. */
export function copiesOf(events: readonly HistoryEvent[]): Copies {
  const running = new Set<string>();
  let most = 0;
  let started = false;
  for (const event of events) {
    if (!('domain' in event) || event.domain !== GUEST || event.host === undefined) continue;
    switch (event.kind) {
      case 'guest-started':
        running.add(event.host);
        started = true;
        break;
      case 'guest-suspended':
      case 'domain-destroyed':
        running.delete(event.host);
        break;
      default:
        break;
    }
    most = Math.max(most, running.size);
  }
  return { most, atEnd: running.size, started };
}
