/** What most network tests begin with: two places, of which b accepts whatever a dials. */
import type { Channel } from '../ports/network.ts';
import { Ear, type Harness, type HarnessFactory, type Place } from './harness.ts';

/** A channel that was accepted, and what its end hears. */
export type Accepted = {
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly channel: Channel;
  readonly ear: Ear;
};

export class TwoPlaces {
  readonly harness: Harness;
  readonly a: Place;
  readonly b: Place;
  /** What b has accepted, in order. */
  readonly accepted: Accepted[] = [];

  private constructor(harness: Harness, a: Place, b: Place) {
    this.harness = harness;
    this.a = a;
    this.b = b;
    b.network.accept((path, query, channel) => this.accepted.push({ path, query, channel, ear: new Ear(channel) }));
  }

  /** Starts both. */
  static async start(factory: HarnessFactory): Promise<TwoPlaces> {
    const harness = factory();
    return new TwoPlaces(harness, await harness.start('a'), await harness.start('b'));
  }

  /** A channel from a to b, open on both sides. */
  async open(path = '/v1/control') {
    const near = this.a.network.dial(this.b.url, path);
    const nearEar = new Ear(near);
    const count = this.accepted.length;
    await this.harness.until('b has accepted', () => this.accepted.length > count);
    const far = this.accepted[count] as Accepted;
    // A message to a, so that it knows, too.
    far.channel.send(Uint8Array.of(0));
    await this.harness.until('a has heard b', () => nearEar.messages.length === 1);
    nearEar.messages.length = 0;
    return { near, nearEar, far: far.channel, farEar: far.ear };
  }
}
