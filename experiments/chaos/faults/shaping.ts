/**
 * The way between a host and the coordinator gets worse for a while: longer, uneven or narrow. With jitter, messages of
 * different connections overtake each other; those of one never do, as with TCP. Several such faults at once add up.
 */
import { type Static, Type } from 'typebox';
import { between, pick, weighted } from '../draws.ts';
import { type FaultKind, type LinkChange, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('shaping', {
  host: HostName,
  shape: Type.Union([Type.Literal('delay'), Type.Literal('jitter'), Type.Literal('bandwidth')]),
  /** ms of delay or jitter; bytes a second of bandwidth. */
  amount: Type.Integer({ minimum: 1, maximum: 1e9 }),
  forMs: LengthMs,
});
export type ShapingFault = Static<typeof schema>;

/** A guest of 256 pages is about a megabyte of pages at most: from 1 s to a tenth of one. */
const LEAST_BYTES_PER_SECOND = 20_000;
const MOST_BYTES_PER_SECOND = 10_000_000;

export const shaping: FaultKind<ShapingFault> = {
  kind: 'shaping',
  about: 'link',
  text: 'messages between a node and the coordinator are delayed (up to 2 s), get jitter (up to 1 s; connections overtake each other) or a narrow way (20 kB/s to 10 MB/s)',
  schema,
  draw(random, { hosts, atMs }) {
    const shape = weighted(random, [
      ['delay', 2],
      ['jitter', 2],
      ['bandwidth', 1],
    ] as const);
    const most = shape === 'delay' ? 2000 : 1000;
    return {
      kind: 'shaping',
      atMs,
      host: pick(random, hosts),
      shape,
      amount:
        shape === 'bandwidth'
          ? between(random, LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND)
          : between(random, 1, most),
      forMs: between(random, 500, 30_000),
    };
  },
  magnitudes: [],
  lastsMs: ({ forMs }) => forMs,
  inject({ atMs, host, shape, amount, forMs }, bed, report) {
    bed.at(atMs, () => {
      const link = bed.link(host);
      const before = link.passed;
      const end = link.disturb(changeOf(shape, amount));
      bed.at(atMs + forMs, () => {
        const seen = end();
        const messages = link.passed - before;
        if (messages === 0) report('inconclusive', `nothing passed the link of ${host} meanwhile`);
        else report(seen.outcome, toldOf(`${messages} messages of ${host} passed with ${shape} ${amount}`, seen));
      });
    });
  },
};

function changeOf(shape: ShapingFault['shape'], amount: number): LinkChange {
  switch (shape) {
    case 'delay':
      return { delayMs: amount };
    case 'jitter':
      return { jitterMs: amount };
    case 'bandwidth':
      return { bytesPerSecond: amount };
  }
}
