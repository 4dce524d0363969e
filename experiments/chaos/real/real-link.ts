/**
 * The way between two real processes, as the fault proxy makes it: latency, jitter and bandwidth on top of what the
 * machine's loopback has, silence, cuts, a changed byte. The rules are those of runtime/sim/link.ts. What a fault is said
 * to have done is read from what the proxy handed on meanwhile, which is counted where it is written to a socket.
 */
import { trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import type { BedLink, Watcher } from '../bed-link.ts';
import { CHANGED_BIT, Corruptions } from '../corruptions.ts';
import { nsOfMs } from '../duration.ts';
import type { Ending, LinkChange } from '../faults/fault.ts';
import type { Admitted, Connection, ConnectionLink } from './connection.ts';
import type { Delivery } from './lane.ts';
import { bytesSeen, nothingSeen, type Sightings, shapeSeen } from './link-evidence.ts';
import type { Unit } from './wire-units.ts';

const NS_PER_S = 1_000_000_000n;

export class RealLink implements BedLink, ConnectionLink {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #connections = new Set<Connection>();
  readonly #watchers = new Set<Watcher>();
  readonly #changes = new Set<LinkChange>();
  readonly #sightings = new Set<Sightings>();
  readonly #corruptions = new Corruptions();
  readonly #busyUntil = new Map<string, bigint>();
  #silences = 0;
  #cuts = 0;
  #passed = 0;

  constructor(clock: Clock, { seed, name }: { readonly seed: number; readonly name: string }) {
    this.#clock = clock;
    this.#random = new SeededRandom(seed, `real link ${name}`);
  }

  get passed(): number {
    return this.#passed;
  }

  get silent(): boolean {
    return this.#silences > 0;
  }

  /** Somebody dials: false while nobody gets through. */
  takes(): boolean {
    if (this.#cuts === 0) return true;
    for (const sightings of this.#sightings) sightings.turnedAway += 1;
    return false;
  }

  join(connection: Connection): void {
    this.#connections.add(connection);
  }

  left(connection: Connection): void {
    this.#connections.delete(connection);
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  disturb(change: LinkChange): Ending {
    this.#changes.add(change);
    const look = this.#look();
    return () => {
      this.#changes.delete(change);
      return shapeSeen(change, look());
    };
  }

  silence(): Ending {
    this.#silences += 1;
    const look = this.#look();
    return () => {
      const seen = nothingSeen(look());
      this.#silences -= 1;
      if (!this.silent) for (const connection of [...this.#connections]) connection.flow();
      return seen;
    };
  }

  cut(): Ending {
    const look = this.#look();
    this.#cuts += 1;
    const open = [...this.#connections];
    this.breakAll(open);
    return () => {
      this.#cuts -= 1;
      return bytesSeen({ ...look(), broke: open.length });
    };
  }

  corruptWhen(isIt: () => boolean, done: (what: string) => void): () => void {
    return this.#corruptions.ask(isIt, done);
  }

  admit(unit: Extract<Unit, { kind: 'message' }>, passage: Passage): Admitted | null {
    for (const watcher of [...this.#watchers]) if (!watcher(passage)) return null;
    this.#passed += 1;
    const struck = this.#corruptions.strike(passage);
    if (struck === null) return { raw: unit.raw };
    const raw = Buffer.from(unit.raw);
    const place = unit.placeOf(struck.place);
    raw[place] = (raw[place] as number) ^ CHANGED_BIT;
    return { raw, gone: struck.done };
  }

  arrivalOf(from: string, bytes: number): bigint {
    const now = this.#clock.now();
    const changes = [...this.#changes];
    const busyUntil = this.#busyUntil.get(from) ?? 0n;
    let departure = busyUntil > now ? busyUntil : now;
    const narrow = changes.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? []);
    if (narrow.length > 0) {
      const rate = BigInt(Math.min(...narrow));
      departure += (BigInt(bytes) * NS_PER_S + rate - 1n) / rate;
      this.#busyUntil.set(from, departure);
    }
    const delay = changes.reduce((sum, { delayMs }) => sum + nsOfMs(delayMs ?? 0), 0n);
    const jitter = changes.reduce((sum, { jitterMs }) => sum + nsOfMs(jitterMs ?? 0), 0n);
    return departure + delay + (jitter === 0n ? 0n : this.#random.belowNs(jitter + 1n));
  }

  delivered(delivery: Delivery): void {
    for (const sightings of this.#sightings) {
      if (delivery.readAt >= sightings.since) sightings.begun.push(delivery);
      sightings.all += 1;
    }
  }

  /** Breaks these; a test that wants a proxy which does not do its fault overrides it. */
  protected breakAll(open: readonly Connection[]): void {
    for (const connection of open) connection.cut();
  }

  #look(): () => Sightings {
    const sightings: Sightings = { since: this.#clock.now(), until: trueNs(0n), begun: [], all: 0, turnedAway: 0 };
    this.#sightings.add(sightings);
    return () => {
      this.#sightings.delete(sightings);
      return { ...sightings, until: this.#clock.now() };
    };
  }
}
