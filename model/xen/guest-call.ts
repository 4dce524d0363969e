/**
 * The outside's wake-up of a program in a guest: an event on a channel of its own, so that a guest whose timers are dead
 * can still be asked to arm one. A vCPU that spins with interrupts off hears nothing.
 */
import type { Domain } from './domain.ts';
import type { Host } from './host.ts';
import type { GuestCall } from './host-event.ts';
import { runOnVcpu } from './timer-delivery.ts';

/** Sends the event, and tells what came of it where the call is a question. */
export function callGuest(host: Host, domain: Domain, call: GuestCall): void {
  domain.expect(`guest call ${call.call}`, 'running');
  let ran = false;
  runOnVcpu(host, domain, () => {
    if (domain.guest?.spinsUntil !== null) return;
    domain.channels.send(domain.sharedInfoForWrite(), 'programs');
    if (domain.channels.upcall(domain.sharedInfoForWrite()).includes('programs')) ran = domain.guest.call(call);
  });
  if (call.call === 'echo') host.tell({ kind: 'echo', domain: domain.name, ok: ran });
  if (call.call === 'cpu-loop') host.tell({ kind: 'cpu-loop', domain: domain.name, ran });
}
