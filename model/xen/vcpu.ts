/**
 * A vCPU as Xen keeps it: its runstate, its timers, its context. The timers are absolute deadlines in this host's
 * uptime and none of them travels; a new PV vCPU starts with a 10 ms periodic timer (xen/arch/x86/domain.c).
 */
import { type HostUptimeNs, hostUptimeNs, NS_PER_MS, systemTimeNs } from '@skewbed/proto/units.ts';
import { RUNSTATES, type Runstate, type RunstateRecord } from './runstate-area.ts';

/** A new PV vCPU's periodic timer. */
export const DEFAULT_PERIOD_NS = 10n * NS_PER_MS;
/** VCPUOP_set_periodic_timer refuses shorter ones with -EINVAL. */
export const PERIOD_MIN_NS = NS_PER_MS;

export class Vcpu {
  readonly id: number;
  /** Set by the first setvcpucontext. */
  initialised = false;
  context: Uint8Array = new Uint8Array(0);
  /** 0 when stopped. */
  periodNs = DEFAULT_PERIOD_NS;
  /** Uptime of the next periodic event. */
  periodicNext: bigint;
  /** Uptime of the single-shot deadline. */
  singleshot: bigint | null = null;
  /** The guest gave an address for its runstate area. The pointer is Xen's: it does not travel. */
  runstateRegistered = false;
  private state: Runstate = 'offline';
  private entry: HostUptimeNs;
  private readonly spent: [bigint, bigint, bigint, bigint] = [0n, 0n, 0n, 0n];

  /** alloc_vcpu: offline since now. */
  constructor(id: number, now: HostUptimeNs) {
    this.id = id;
    this.entry = now;
    this.periodicNext = now + DEFAULT_PERIOD_NS;
  }

  get runstate(): Runstate {
    return this.state;
  }

  /** vcpu_runstate_change (xen/common/schedule.c). */
  changeRunstate(to: Runstate, now: HostUptimeNs): void {
    const index = RUNSTATES.indexOf(this.state);
    this.spent[index] = (this.spent[index] as bigint) + now - this.entry;
    this.entry = now;
    this.state = to;
  }

  /** The record as VCPUOP_get_runstate_info would give it; `offset` is what the domain's system time has over the uptime. */
  runstateRecord(offset = 0n): RunstateRecord {
    return { state: this.state, stateEntryTimeNs: systemTimeNs(this.entry + offset), timeNs: [...this.spent] };
  }

  setPeriodicTimer(periodNs: bigint, now: HostUptimeNs): void {
    this.periodNs = periodNs;
    this.periodicNext = now + periodNs;
  }

  /** Uptime of the next timer event and the period with which more follow, or null when no timer runs. */
  nextTimer(): { at: HostUptimeNs; kind: 'periodic' | 'singleshot' } | null {
    const periodic = this.periodNs > 0n ? this.periodicNext : null;
    if (this.singleshot !== null && (periodic === null || this.singleshot <= periodic)) {
      return { at: hostUptimeNs(this.singleshot), kind: 'singleshot' };
    }
    return periodic === null ? null : { at: hostUptimeNs(periodic), kind: 'periodic' };
  }
}
