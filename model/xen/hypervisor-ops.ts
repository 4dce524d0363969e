/**
 * The hypervisor's operations on time, as a table that patches wrap (X08 xen/arch/x86/time.c, xen/common/domctl.c).
 * The table has what the fixes of facts K.5 touch, and no more.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Domain } from './domain.ts';
import type { Host } from './host.ts';
import { writeWallclock } from './shared-info.ts';

export interface HypervisorTimeOps {
  /** Writes wc_* of one domain: Xen's wc plus the domain's time offset. */
  updateDomainWallclockTime(host: Host, domain: Domain): void;
  /** What this domain's system time has over the host's uptime, in ns. Xen: always 0. */
  systemTimeOffset(domain: Domain): bigint;
}

export const HYPERVISOR_TIME_OPS: HypervisorTimeOps = {
  updateDomainWallclockTime(host, domain) {
    const offset = domain.timeOffsetSeconds * 1_000_000_000n - host.timeOps.systemTimeOffset(domain);
    const wcNs = host.wcNs + offset;
    const version = writeWallclock(domain.sharedInfoForWrite(), { wcNs, width: 'u64' });
    host.tell({ kind: 'wallclock-published', domain: domain.name, version, wcNs });
    domain.guest?.wallclockPublished();
  },
  systemTimeOffset: () => 0n,
};

/** XEN_DOMCTL numbers that this project issues (xen/include/public/domctl.h). */
export const DOMCTL = {
  pausedomain: 3,
  unpausedomain: 4,
  settimeoffset: 24,
  resumedomain: 27,
  set_machine_address_size: 51,
} as const;

/** What a domctl number does to a domain. `value` is the argument of those that have one. */
export type DomctlHandler = (host: Host, domain: Domain | null, value: bigint) => void;
/** Handlers by number; a patch may add one, and clashes when the number is taken. */
export type DomctlTable = Map<number, DomctlHandler>;

/** The domain that a domctl names, or -ESRCH as an error. */
export function domainOf(domain: Domain | null, op: string): Domain {
  if (domain === null)
    throw new SkewbedError('not-found', `domctl ${op}: there is no such domain on this host (-ESRCH)`);
  return domain;
}

/** The table of a host without patches. */
export function domctlTable(options: { readonly machineAddressSize: boolean }): DomctlTable {
  const table: DomctlTable = new Map([
    [DOMCTL.pausedomain, (host, domain) => domainOf(domain, 'pausedomain').pause(host)],
    [DOMCTL.unpausedomain, (host, domain) => host.unpause(domainOf(domain, 'unpausedomain'))],
    [DOMCTL.resumedomain, (_, domain) => domainOf(domain, 'resumedomain').resumeAfterSuspend()],
    // domain_set_time_offset did not publish the wall clock in 2008 (X:915a59f25c does, in 2013).
    [
      DOMCTL.settimeoffset,
      (_, domain, value) => {
        domainOf(domain, 'settimeoffset').timeOffsetSeconds = value;
      },
    ],
  ]);
  if (options.machineAddressSize) {
    table.set(DOMCTL.set_machine_address_size, (_, domain) => {
      domainOf(domain, 'set_machine_address_size');
    });
  }
  return table;
}
