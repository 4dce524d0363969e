/**
 * Event channels of one domain, 2-level ABI, as far as timers, the suspend request and the outside's wake-ups need them.
 * The bits are those of shared_info; Xen keeps only who a port belongs to. After a restore every channel is closed, its
 * pending bit gone and its mask set, and the guest binds anew (irq_resume).
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { clearEventPending, raiseEvent, takeUpcall, unmaskEvent } from './shared-info.ts';

/** What a port of ours can be bound to. */
export type ChannelUse = 'virq-timer' | 'suspend' | 'programs';

export class EventChannels {
  private readonly ports = new Map<ChannelUse, number>();
  private nextPort = 1;

  /** EVTCHNOP_bind_virq and alloc_unbound: a new port, unmasked. */
  bind(page: Uint8Array, use: ChannelUse): number {
    const port = this.nextPort++;
    this.ports.set(use, port);
    unmaskEvent(page, { vcpu: 0, port });
    return port;
  }

  isBound(use: ChannelUse): boolean {
    return this.ports.has(use);
  }

  /** EVTCHNOP_send. False when nobody is bound: a timer event of that moment is lost, as it is on real Xen. */
  send(page: Uint8Array, use: ChannelUse): boolean {
    const port = this.ports.get(use);
    if (port === undefined) return false;
    raiseEvent(page, { vcpu: 0, port });
    return true;
  }

  /** The guest's upcall entry: which uses have an event, their bits cleared. */
  upcall(page: Uint8Array): ChannelUse[] {
    const uses: ChannelUse[] = [];
    for (const port of takeUpcall(page, 0)) {
      clearEventPending(page, port);
      const use = [...this.ports].find(([, p]) => p === port)?.[0];
      if (use === undefined) throw new SkewbedError('crash', `event on port ${port}, which is bound to nothing`);
      uses.push(use);
    }
    return uses;
  }
}
