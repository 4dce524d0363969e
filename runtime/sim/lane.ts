/**
 * One direction of one simulated channel: packets in the order in which they were sent, each with the instant at which
 * it leaves its process and the one at which it arrives. An arrival always takes the head, so that nothing overtakes,
 * whatever jitter, a silence or a change of latency does to the instants.
 */
import type { QueuedEvent } from '../event-queue.ts';
import type { Link } from './link.ts';
import type { Simulation } from './simulation.ts';

type Packet = { readonly departsAt: bigint; readonly arrive: () => void; event: QueuedEvent };

export class Lane {
  readonly #simulation: Simulation;
  readonly #link: Link;
  readonly #from: string;
  #packets: Packet[] = [];
  #head = 0;
  #lastArrival = 0n;
  /** Packets whose time had come while the link was silent. */
  #overdue = 0;

  constructor(simulation: Simulation, link: Link, from: string) {
    this.#simulation = simulation;
    this.#link = link;
    this.#from = from;
  }

  /** Sends a packet and returns the instant at which it will have left. */
  put(bytes: number, arrive: () => void): bigint {
    const departsAt = this.#link.departure(this.#from, bytes);
    const arrival = departsAt + this.#link.travelNs();
    if (arrival > this.#lastArrival) this.#lastArrival = arrival;
    const event = this.#simulation.schedule(this.#lastArrival, () => this.#due());
    this.#packets.push({ departsAt, arrive, event });
    return departsAt;
  }

  /** Forgets what has not left yet: its process is gone. */
  dropUnsent(): void {
    const now = this.#simulation.now;
    let last = this.#packets[this.#packets.length - 1];
    while (this.#packets.length > this.#head && last !== undefined && last.departsAt > now) {
      last.event.cancel();
      this.#packets.pop();
      last = this.#packets[this.#packets.length - 1];
    }
    this.#lastArrival = 0n;
    for (let i = this.#head; i < this.#packets.length; i++) {
      const at = this.#packets[i]?.event.at ?? 0n;
      if (at > this.#lastArrival) this.#lastArrival = at;
    }
  }

  /** Forgets everything: the link is gone. */
  clear(): void {
    for (let i = this.#head; i < this.#packets.length; i++) this.#packets[i]?.event.cancel();
    this.#packets = [];
    this.#head = 0;
    this.#overdue = 0;
  }

  /** The silence is over. */
  release(): void {
    const arrival = this.#simulation.now + this.#link.travelNs();
    if (arrival > this.#lastArrival) this.#lastArrival = arrival;
    const overdue = this.#overdue;
    this.#overdue = 0;
    for (let i = 0; i < overdue; i++) {
      const packet = this.#packets[this.#head + i];
      if (packet !== undefined) packet.event = this.#simulation.schedule(arrival, () => this.#due());
    }
  }

  #due(): void {
    if (this.#link.mode === 'silent') {
      this.#overdue++;
      this.#link.hold(this);
      return;
    }
    const packet = this.#packets[this.#head];
    if (packet === undefined) return;
    this.#head++;
    if (this.#head === this.#packets.length) {
      this.#packets = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#packets = this.#packets.slice(this.#head);
      this.#head = 0;
    }
    packet.arrive();
  }
}
