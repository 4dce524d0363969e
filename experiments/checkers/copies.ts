/**
 * How many copies of the guest ran at once (design section 7): never two, and one in the end. Read from what the hosts
 * said they started, suspended and destroyed; not from what the coordinator believes. A host that is killed says nothing
 * more, not even that its copy had stopped just before: then the copy has run until its last sign of life.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { GUEST } from '../plan-programs.ts';
import { showsRunning } from './signs-of-life.ts';

export type Copies = { readonly most: number; readonly atEnd: number; readonly started: boolean };

/** Follows the copies of the guest through a history. */
export function copiesOf(events: readonly HistoryEvent[]): Copies {
  const running = new Set<string>();
  let most = 0;
  let started = false;
  for (const [index, event] of events.entries()) {
    if (isKill(event)) running.delete(event.host as string);
    if (!('domain' in event) || event.domain !== GUEST || event.host === undefined) continue;
    switch (event.kind) {
      case 'guest-started':
        for (const host of running) if (stoppedUntold(events.slice(index + 1), host)) running.delete(host);
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

/** What is said of a host that was killed: by whoever killed it, or by the coordinator when its node is back. */
const isKill = (event: HistoryEvent): boolean =>
  event.host !== undefined &&
  ((event.kind === 'failure' && event.code === 'guest-lost') ||
    (event.kind === 'domain-destroyed' && event.why === KILLED_WITH_ITS_NODE));

/** Why a copy is gone whose end nobody but the killer could tell. */
export const KILLED_WITH_ITS_NODE = 'killed with its node';

/** Whether, of what comes now, a kill of this host comes before any sign that its copy runs still. */
function stoppedUntold(events: readonly HistoryEvent[], host: string): boolean {
  for (const event of events) {
    if (event.host !== host) continue;
    if (isKill(event)) return true;
    if ('domain' in event && event.domain === GUEST && showsRunning(event)) return false;
  }
  return false;
}
