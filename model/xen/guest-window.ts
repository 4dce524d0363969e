/**
 * The window through which one guest sees Xen: its shared page read by the version protocol, the TSC, its hypercalls.
 * Every clock that a guest has comes through here, out of bytes; the host hands it no time in any other way.
 */
import type { GuestXen } from '../guest/kernel.ts';
import type { Domain } from './domain.ts';
import type { Host } from './host.ts';
import { RUNSTATE_AREA_BYTES, readRunstate } from './runstate-area.ts';
import { readWallclock } from './shared-info.ts';
import { PERIOD_MIN_NS, type Vcpu } from './vcpu.ts';
import { readTimeRecord, systemTimeAt } from './vcpu-info.ts';

/** The window of the guest that runs in `domain` on `host`. `runstatePfn` is where the guest keeps its runstate area. */
export function guestWindow(host: Host, domain: Domain, runstatePfn: number): GuestXen {
  const vcpu = domain.vcpus[0] as Vcpu;
  return {
    systemTime: () => systemTimeAt(readTimeRecord(domain.sharedInfo, vcpu.id), host.clocks.tscAt(host.uptimeNow)),
    wallclock: () => readWallclock(domain.sharedInfo, 'u64'),
    setPeriodicTimer(periodNs) {
      vcpu.setPeriodicTimer(periodNs < PERIOD_MIN_NS ? PERIOD_MIN_NS : periodNs, host.uptimeNow);
    },
    stopPeriodicTimer() {
      vcpu.periodNs = 0n;
    },
    setSingleshotTimer(deadlineNs) {
      vcpu.singleshot = deadlineNs - host.timeOps.systemTimeOffset(domain) + host.clocks.timerSlopNs;
    },
    registerRunstateArea() {
      vcpu.runstateRegistered = true;
      domain.copyRunstate(host, vcpu, runstatePfn);
    },
    runstateArea: () => readRunstate(domain.page(runstatePfn), vcpu.id * RUNSTATE_AREA_BYTES),
    console: (line) => host.consoleLine(domain, line),
  };
}
