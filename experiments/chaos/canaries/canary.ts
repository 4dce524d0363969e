/**
 * A canary: a deliberate bug, which a campaign has to find, or its checkers see nothing. It is put in from outside, at
 * the seams that the services have: the world of a node, the coordinator's journal, what passes a link, or a test-only
 * patch of the model. None is known to the services, the registry of patches or the matrix.
 */
import type { World } from '@skewbed/hypervisor-node/core/world.ts';
import { appliesTo } from '@skewbed/model/patches/compile.ts';
import type { Patch } from '@skewbed/model/patches/patch.ts';
import { addPatch, patchNamed } from '@skewbed/model/patches/registry.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import type { CheckerName } from '../checkers/checker.ts';
import type { Schedule } from '../schedule.ts';

export type Canary = {
  readonly name: string;
  /** What is wrong, for docs/chaos.md. */
  readonly text: string;
  /** The checkers that may be the first to see it. */
  readonly breaks: readonly CheckerName[];
  /** A bug of the model: put on every host, or into every guest of its kernels. */
  readonly patch?: Patch;
  readonly world?: (world: World) => World;
  readonly journal?: (journal: Journal) => Journal;
  /** Changes what passes the link of a node. */
  readonly tap?: (node: string) => (passage: Passage) => Uint8Array;
  /** Changes what the bed makes of a schedule: a fault that is asked for and never done. */
  readonly schedule?: (schedule: Schedule) => Schedule;
};

/** The schedule with the canary in it; the model learns the canary's patch. */
export function installCanary(canary: Canary | null, schedule: Schedule): Schedule {
  if (canary === null) return schedule;
  const { patch } = canary;
  if (patch !== undefined && patchNamed(patch.name) === undefined) addPatch(patch);
  const changed = canary.schedule?.(schedule) ?? schedule;
  if (patch === undefined) return changed;
  if (patch.side !== 'guest')
    return { ...changed, hosts: changed.hosts.map((host) => ({ ...host, patches: [...host.patches, patch.name] })) };
  return {
    ...changed,
    guests: changed.guests.map((guest) =>
      appliesTo(patch, guest.kernel) ? { ...guest, patches: [...guest.patches, patch.name] } : guest,
    ),
  };
}
