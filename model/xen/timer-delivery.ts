/**
 * When a domain's vCPU 0 gets its next timer interrupt, and its delivery: schedule in, event channel, upcall, schedule
 * out. In a quiet stretch, in which every interrupt would do what the one before it did, only the last one is delivered
 * and stands for all of them: a freeze of 800,000 s costs a handful of interrupts. Who touches a guest in the middle of
 * such a stretch first lets it catch up.
 */
import { maxOf, minOf } from '../time/nanos.ts';
import type { Domain } from './domain.ts';
import type { Host } from './host.ts';
import type { Vcpu } from './vcpu.ts';

/** An interrupt that will be delivered at uptime `at` and stands for `merged` of them, `periodNs` apart. */
export type PendingInterrupt = {
  readonly at: bigint;
  readonly merged: bigint;
  readonly kind: 'periodic' | 'singleshot' | 'spin-end';
};

/** The next interrupt to deliver when nothing else happens before, or null when no timer runs. */
export function nextInterrupt(host: Host, domain: Domain): PendingInterrupt | null {
  return pendingInterrupt(host, domain, {
    notBefore: host.uptimeNow,
    quiet(guest) {
      const until = guest.quietUntil() - host.timeOps.systemTimeOffset(domain);
      // In a leap of the uptime itself many ticks fall due at one instant, and Xen sends one interrupt for them all.
      const leap = host.clocks.runsUntil(host.uptimeNow);
      return leap === null ? until : minOf<bigint>(until, leap);
    },
  });
}

/** The last interrupt that is due by `uptime` and was left out because the stretch was quiet, if any. */
export function missedInterrupt(host: Host, domain: Domain, uptime: bigint): PendingInterrupt | null {
  const pending = pendingInterrupt(host, domain, { notBefore: 0n, quiet: () => uptime });
  return pending !== null && pending.at <= uptime ? pending : null;
}

function pendingInterrupt(
  host: Host,
  domain: Domain,
  stretch: { readonly notBefore: bigint; readonly quiet: (guest: NonNullable<Domain['guest']>) => bigint },
): PendingInterrupt | null {
  const { guest } = domain;
  if (domain.state !== 'running' || guest === null) return null;
  const spins = guest.spinsUntil;
  if (spins !== null) return { at: spins - host.timeOps.systemTimeOffset(domain), merged: 1n, kind: 'spin-end' };
  const timer = (domain.vcpus[0] as Vcpu).nextTimer();
  if (timer === null) return null;
  const first = maxOf<bigint>(timer.at, stretch.notBefore);
  const quiet = host.delivery === 'one-by-one' ? first : stretch.quiet(guest);
  const skipped = quiet > first ? (quiet - first) / guest.tickNs : 0n;
  return { at: first + skipped * guest.tickNs, merged: skipped + 1n, kind: timer.kind };
}

/** Delivers an interrupt; host.now is its instant already. */
export function deliverInterrupt(host: Host, domain: Domain, interrupt: PendingInterrupt): void {
  const vcpu = domain.vcpus[0] as Vcpu;
  // The last that programs saw of the loop, so that its length can be seen.
  if (interrupt.kind === 'spin-end') host.probe(domain, 'spin');
  if (interrupt.kind === 'singleshot') vcpu.singleshot = null;
  if (vcpu.periodNs > 0n && vcpu.periodicNext <= interrupt.at) {
    // What fell due meanwhile is one pending bit, and one interrupt. A vCPU that spins is on its CPU, where the timer
    // goes on; one that was paused, or found the uptime leaping, counts from now on (vcpu_periodic_timer_work).
    const spun = interrupt.kind === 'spin-end' ? (interrupt.at - vcpu.periodicNext) % vcpu.periodNs : 0n;
    const missed = host.uptimeNow - interrupt.at >= vcpu.periodNs;
    vcpu.periodicNext = (missed ? host.uptimeNow : interrupt.at) - spun + vcpu.periodNs;
  }
  runOnVcpu(host, domain, () => {
    // Nobody bound the VIRQ, as in a restored domain before irq_resume: the event is lost.
    if (!domain.channels.send(domain.sharedInfoForWrite(), 'virq-timer')) return;
    for (const use of domain.channels.upcall(domain.sharedInfoForWrite())) {
      if (use === 'virq-timer') domain.guest?.virqTimer(interrupt.merged);
    }
    // An interrupt whose handler loops is not done yet: programs see nothing of it before the loop ends.
    host.probe(domain, domain.guest?.spinsUntil === null ? 'tick' : 'spin');
  });
}

/** Runs guest code on vCPU 0 now. The vCPU blocks again afterwards, unless the guest spins. */
export function runOnVcpu(host: Host, domain: Domain, run: () => void): void {
  domain.switchIn(host);
  run();
  if (domain.state === 'running' && domain.guest?.spinsUntil === null) domain.switchOut(host);
}
