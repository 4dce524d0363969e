/**
 * A link of the simulator with everything that is wrong with it at present: several faults may disturb it at once, and
 * each takes back its own part when it ends. It sees every message that passes, for the triggers of cuts and crashes.
 */
import type { Link, Passage } from '@skewbed/runtime/sim/link.ts';
import type { BedLink, Watcher } from './bed-link.ts';
import { CHANGED_BIT, Corruptions } from './corruptions.ts';
import { nsOfMs } from './duration.ts';
import type { Ending, LinkChange, Seen } from './faults/fault.ts';

const BASE_LATENCY_NS = 250_000n;
/** What the simulator is told to do to a link or a process, it does. */
export const SIMULATED: Seen = { outcome: 'confirmed', detail: '' };

export class SimLink implements BedLink {
  /** What a deliberate bug makes of every message. */
  transform: ((passage: Passage) => Uint8Array) | null = null;
  readonly #link: Link;
  readonly #watchers = new Set<Watcher>();
  readonly #changes = new Set<LinkChange>();
  #silences = 0;
  #cuts = 0;
  #passed = 0;
  readonly #corruptions = new Corruptions();

  constructor(link: Link) {
    this.#link = link;
    link.tap = (passage) => this.#pass(passage);
  }

  get passed(): number {
    return this.#passed;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  disturb(change: LinkChange): Ending {
    this.#changes.add(change);
    this.#shape();
    return () => {
      this.#changes.delete(change);
      this.#shape();
      return SIMULATED;
    };
  }

  silence(): Ending {
    this.#silences += 1;
    this.#mode();
    return () => {
      this.#silences -= 1;
      this.#mode();
      return SIMULATED;
    };
  }

  cut(): Ending {
    this.#cuts += 1;
    this.#mode();
    return () => {
      this.#cuts -= 1;
      this.#mode();
      return SIMULATED;
    };
  }

  corruptWhen(isIt: () => boolean, done: (what: string) => void): () => void {
    return this.#corruptions.ask(isIt, done);
  }

  #pass(passage: Passage): Uint8Array | null {
    for (const watcher of [...this.#watchers]) if (!watcher(passage)) return null;
    this.#passed += 1;
    const message = this.transform?.(passage) ?? passage.message;
    return this.#corrupted({ ...passage, message });
  }

  #corrupted(passage: Passage): Uint8Array {
    const { message } = passage;
    const struck = this.#corruptions.strike(passage);
    if (struck === null) return message;
    const changed = new Uint8Array(message);
    changed[struck.place] = (changed[struck.place] as number) ^ CHANGED_BIT;
    struck.done();
    return changed;
  }

  #shape(): void {
    const changes = [...this.#changes];
    const { shape } = this.#link;
    shape.latencyNs = changes.reduce((sum, { delayMs }) => sum + nsOfMs(delayMs ?? 0), BASE_LATENCY_NS);
    shape.jitterNs = changes.reduce((sum, { jitterMs }) => sum + nsOfMs(jitterMs ?? 0), 0n);
    const narrow = changes.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? []);
    shape.bytesPerSecond = narrow.length === 0 ? null : BigInt(Math.min(...narrow));
  }

  #mode(): void {
    if (this.#cuts > 0) this.#link.cut();
    else if (this.#silences > 0) {
      // Out of a cut there is nothing on the way that a silence could hold.
      if (this.#link.mode === 'cut') this.#link.heal();
      this.#link.silence();
    } else this.#link.heal();
  }
}
