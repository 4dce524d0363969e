/** The world of a node as the model has it. */
import type { PageOps } from '@skewbed/model/memory/page-ops.ts';
import type { CommitOrder, TargetOrder } from '@skewbed/model/migration/hand-over.ts';
import type { PrecopyOrder } from '@skewbed/model/migration/policies/index.ts';
import { MigrationSource } from '@skewbed/model/migration/source.ts';
import { MigrationTarget } from '@skewbed/model/migration/target.ts';
import { Host } from '@skewbed/model/xen/host.ts';
import type { HostConfig, HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import type { World } from './world.ts';

/** `pageOps`: what the runtime does faster than the model could. */
export function modelWorld(pageOps: PageOps): World {
  return {
    host: (config) => {
      const host = new Host(config, pageOps);
      return {
        step: (at, event) => host.step(at, event),
        nextDeadline: () => host.nextDeadline(),
        drain: () => host.drain(),
        clocksAt: (at) => host.clocksAt(at),
        domainNames: () => host.domainNames(),
        openSource: (migration, domain, options) => new MigrationSource(host, migration, domain, options),
        openTarget: (order) => new MigrationTarget(host, order),
      };
    },
  };
}

// The model may not use the schemas of proto, so its types are written twice. What travels to the model is checked where
// it is handed over; the other direction here: a line does not compile when the model knows something that cannot travel.
type Travels = {
  readonly config: CommandOf<'configure-host'>['config'];
  readonly event: CommandOf<'step'>['event'];
  readonly target: CommandOf<'migration-prepare-target'>['order'];
  readonly commit: NonNullable<CommandOf<'migration-commit'>['order']>;
  readonly precopy: Transfer['precopy'];
};
type Known = {
  readonly config: HostConfig;
  /** A node lets time pass by itself. */
  readonly event: Exclude<HostEvent, { type: 'elapse' }>;
  readonly target: TargetOrder;
  readonly commit: CommitOrder;
  readonly precopy: PrecopyOrder;
};
const everythingTravels = (known: Known): Travels => known;
void everythingTravels;
