/**
 * Hypothetical (facts K.5; policies.md, "uptime-continuity, hypervisor side"): Xen keeps an offset per domain, so that a
 * domain's system time goes on where it stopped plus the pause, on whatever host. The stream carries the system time at
 * suspend. wc is rebased by the same offset, or the guest's wall would be wrong by it.
 */
import { hostUptimeNs } from '@skewbed/proto/units.ts';
import type { Patch } from '../patch.ts';

const NAME = 'uptime-continuity';
const SAVED = `${NAME}: system time at suspend`;

export const uptimeContinuity: Patch = {
  name: NAME,
  side: 'hypervisor',
  source: 'hypothetical; facts K.5, policies.md',
  claims: 'No clock that guards system time against going back has anything to guard against.',
  objections:
    'Walls are not its business: M1 by the wall stays. The pause has to be measured by somebody who trusts neither host.',
  hypervisorTime: () => ({
    systemTimeOffset: (domain) => (domain.patchState.get(NAME) as bigint | undefined) ?? 0n,
  }),
  save: (base) => ({
    extraRecords(host, domain) {
      const suspendedSystemTimeNs = host.uptimeNow + host.timeOps.systemTimeOffset(domain);
      return [...base.extraRecords(host, domain), { type: 'SKEWBED_SYSTEM_TIME', suspendedSystemTimeNs }];
    },
  }),
  restore: (base) => ({
    extraRecord(host, domain, record) {
      if (record.type === 'SKEWBED_SYSTEM_TIME') domain.patchState.set(SAVED, record.suspendedSystemTimeNs);
      base.extraRecord(host, domain, record);
    },
    finish(host, domain, order) {
      base.finish(host, domain, order);
      const saved = domain.patchState.get(SAVED);
      if (typeof saved !== 'bigint') return;
      domain.patchState.set(NAME, saved + order.pausedForNs - hostUptimeNs(host.uptimeNow));
      host.timeOps.updateDomainWallclockTime(host, domain);
    },
  }),
};
