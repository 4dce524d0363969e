/** Where copies of guests are, as the hosts themselves tell it: which run, which are only there. */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { isMachineCrash } from './checker.ts';

type Copy = 'running' | 'paused';

export class Whereabouts {
  /** Guest -> host -> copy. */
  readonly #copies = new Map<string, Map<string, Copy>>();

  /** Takes the next event of a history. */
  take(event: HistoryEvent): void {
    const { host } = event;
    if (host === undefined) return;
    if (event.kind === 'host-started' || isMachineCrash(event)) {
      for (const copies of this.#copies.values()) copies.delete(host);
      return;
    }
    switch (event.kind) {
      case 'guest-started':
        this.#of(event.domain).set(host, 'running');
        return;
      case 'domain-created':
      case 'guest-suspended':
        this.#of(event.domain).set(host, 'paused');
        return;
      case 'migration':
        if (event.phase === 'target received') this.#of(event.domain).set(host, 'paused');
        return;
      case 'domain-destroyed':
        this.#of(event.domain).delete(host);
        return;
      default:
    }
  }

  /** Nobody knows any more whether this copy runs. */
  doubt(guest: string, host: string): void {
    this.#of(guest).set(host, 'paused');
  }

  /** Hosts on which the guest runs; one, in a sound world. */
  runningOn(guest: string): string[] {
    return [...this.#of(guest)].filter(([, copy]) => copy === 'running').map(([host]) => host);
  }

  /** Hosts that have a copy of the guest, running or not. */
  on(guest: string): string[] {
    return [...this.#of(guest).keys()];
  }

  #of(guest: string): Map<string, Copy> {
    let copies = this.#copies.get(guest);
    if (copies === undefined) {
      copies = new Map();
      this.#copies.set(guest, copies);
    }
    return copies;
  }
}
