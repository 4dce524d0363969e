/**
 * Everything that leads from one host to the others: its link to the coordinator, and those to the other nodes, over which
 * a direct migration's batches go. A fault of a host's link is one of its network card: it strikes them all.
 */
import type { BedLink } from './bed-link.ts';
import type { ChaosLink, Ending, LinkChange, Seen } from './faults/fault.ts';
import { type Trigger, TriggerWatch } from './trigger.ts';

export class HostLinks implements ChaosLink {
  readonly #links: readonly BedLink[];

  constructor(links: readonly BedLink[]) {
    this.#links = links;
  }

  get passed(): number {
    return this.#links.reduce((sum, link) => sum + link.passed, 0);
  }

  disturb(change: LinkChange): Ending {
    return together(this.#links.map((link) => link.disturb(change)));
  }

  silence(): Ending {
    return together(this.#links.map((link) => link.silence()));
  }

  cut(): Ending {
    return together(this.#links.map((link) => link.cut()));
  }

  when(trigger: Trigger, strike: () => void): () => void {
    const watch = new TriggerWatch(trigger);
    const stop = all(
      this.#links.map((link) =>
        link.watch((passage) => {
          if (!watch.comesWith(passage)) return true;
          stop();
          strike();
          return false;
        }),
      ),
    );
    return stop;
  }

  corrupt(frame: number, done: (what: string) => void): () => void {
    let left = frame;
    const stop = all(
      this.#links.map((link) =>
        link.corruptWhen(
          () => {
            left -= 1;
            return left === 0;
          },
          (what) => {
            stop();
            done(what);
          },
        ),
      ),
    );
    return stop;
  }
}

/** What one of the links shows is enough, unless another one contradicts it. */
const together = (endings: readonly Ending[]) => (): Seen => {
  const seen = endings.map((end) => end());
  const outcome = (['mismatch', 'confirmed'] as const).find((word) => seen.some((each) => each.outcome === word));
  const details = seen.filter((each) => each.outcome === outcome).map(({ detail }) => detail);
  return { outcome: outcome ?? 'inconclusive', detail: [...new Set(details)].filter((text) => text !== '').join('; ') };
};

const all = (ends: readonly (() => void)[]) => (): void => {
  for (const end of ends) end();
};
