/** A node's world with some of its calls replaced: the seam at which canaries of hosts and migrations are put in. */

import type { World, WorldHost, WorldSource, WorldTarget } from '@skewbed/hypervisor-node/core/world.ts';
import type { TargetOrder } from '@skewbed/model/migration/hand-over.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';

export type Replacements = {
  readonly host?: (host: WorldHost, config: HostConfig) => Partial<WorldHost>;
  readonly source?: (source: WorldSource, migration: string) => Partial<WorldSource>;
  readonly target?: (target: WorldTarget, order: TargetOrder) => Partial<WorldTarget>;
};

/** The world with these calls in place of its own. */
export function wrapWorld(world: World, { host, source, target }: Replacements): World {
  return {
    ...world,
    host: (config) => {
      const inner = world.host(config);
      return overlaid(inner, {
        openSource: (migration, ...order) => {
          const opened = inner.openSource(migration, ...order);
          return overlaid(opened, source?.(opened, migration) ?? {});
        },
        openTarget: (order) => {
          const opened = inner.openTarget(order);
          return overlaid(opened, target?.(opened, order) ?? {});
        },
        ...host?.(inner, config),
      });
    },
  };
}

/** The object with some of its members replaced; everything else is the object's own. */
function overlaid<T extends object>(object: T, members: Partial<T>): T {
  return new Proxy(object, {
    get(target, key) {
      if (Object.hasOwn(members, key)) return members[key as keyof T];
      const member = Reflect.get(target, key, target) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
