/**
 * What has to be true of a hand-over's end, whatever was done to it (design, section 7). Safety was looked at on the way;
 * this is liveness: the guest runs where the journal says, if that host lived and coordinator and links are there; and
 * whoever is left waiting keeps its copy paused and says that it is in doubt.
 */
import type { Fault } from './fault.ts';
import type { Outcome } from './trial.ts';

/** What is wrong with this end; null when nothing is. */
export function complaint(faults: readonly Fault[], { source, target, committed, inDoubt }: Outcome): string | null {
  const crashed = (process: string) => faults.some(({ deed }) => deed.kind === 'crash' && deed.process === process);
  const away = faults.some(({ deed, after }) => after === 'left' && !leavesNobody(deed));
  if (source === 'suspended' && !inDoubt.includes('a')) return 'the source is suspended and not in doubt';
  if (target === 'paused' && !inDoubt.includes('b')) return 'the target is paused and not in doubt';
  if (target === 'building') return 'the target keeps half a copy';
  if (committed && source === 'running') return 'the source runs after the commit';
  if (!committed && target === 'running') return 'the target runs without a commit';
  if (away) {
    // Nobody may have told it yet; but then the copy is there.
    if (!crashed('source') && !crashed('target') && source === 'gone' && target !== 'running')
      return 'no copy is left, and no host was lost';
    return null;
  }
  if (committed && !crashed('target') && target !== 'running') return 'committed, and the target does not run it';
  if (!committed && !crashed('source') && source !== 'running') return 'not committed, and the source does not run it';
  if (!crashed('source') && !crashed('target') && (source === 'running') === (target !== 'gone'))
    return 'an idle copy is left';
  return null;
}

/** A host that is gone leaves nobody waiting, and without the link between the nodes the coordinator still decides. */
const leavesNobody = (deed: Fault['deed']): boolean =>
  (deed.kind === 'crash' && deed.process !== 'coordinator') || ('link' in deed && deed.link === 'data-link');
