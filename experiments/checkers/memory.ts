/**
 * Whether the guest's memory came over whole: the digest of all pages at suspend and after the restore, the pattern of
 * the page writer, the page tables, and the conservation of machine frames on every host.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { Plan } from '../plan.ts';

export type MemoryFinding = {
  readonly state: 'sound' | 'mismatch' | 'unchecked';
  readonly problems: readonly string[];
};

/** Reads the digests and audits of a history. */
export function memoryOf(plan: Plan, events: readonly HistoryEvent[]): MemoryFinding {
  const problems: string[] = [];
  const digests = new Map<string, string>();
  let audits = 0;
  for (const event of events) {
    if (event.kind === 'memory-digest') digests.set(event.side, event.sha256);
    if (event.kind === 'writer-checked' && event.badPages.length > 0)
      problems.push(`the page writer finds pages ${event.badPages.join(', ')} changed`);
    if (event.kind === 'memory-audit' || event.kind === 'frames-audit') {
      audits += 1;
      if (!event.ok) problems.push(...event.problems.map((problem) => `${event.host ?? 'a host'}: ${problem}`));
    }
  }
  const source = digests.get('source');
  const target = digests.get('target');
  if (source !== undefined && target !== undefined && source !== target)
    problems.push(`the source had memory ${source.slice(0, 12)} at suspend, the target has ${target.slice(0, 12)}`);
  if (problems.length > 0) return { state: 'mismatch', problems };
  const moved =
    plan.move !== null && events.some((event) => event.kind === 'guest-started' && event.how === 'restored');
  if (moved && (source === undefined || target === undefined))
    return { state: 'unchecked', problems: ['a digest of the memory is missing'] };
  if (audits === 0) return { state: 'unchecked', problems: ['no host audited its frames'] };
  return { state: 'sound', problems };
}
