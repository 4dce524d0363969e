/** The world of a node as the model has it. */
import type { PageOps } from '@skewbed/model/memory/page-ops.ts';
import { MigrationSource } from '@skewbed/model/migration/source.ts';
import { MigrationTarget } from '@skewbed/model/migration/target.ts';
import { Host } from '@skewbed/model/xen/host.ts';
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
        openSource: (migration, domain) => new MigrationSource(host, migration, domain),
        openTarget: (order) => new MigrationTarget(host, order),
      };
    },
  };
}
