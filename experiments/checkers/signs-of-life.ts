/** What only a guest that runs can do: a sign of it after its stop was not told says that it did not stop. */
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';

export type SignOfLife = EventOf<'guest-started' | 'probe' | 'timer-returned' | 'echo' | 'cpu-loop'>;

/** Whether the guest of this event ran on its host at its instant. */
export function showsRunning(event: HistoryEvent): event is SignOfLife {
  switch (event.kind) {
    case 'guest-started':
    case 'timer-returned':
      return true;
    case 'echo':
      return event.ok;
    case 'cpu-loop':
      return event.ran;
    case 'probe':
      // The look at its suspend is of a guest that runs no more.
      return event.why !== 'suspend' && event.reading.vcpu !== 'offline';
    default:
      return false;
  }
}
