/** The live migrations that tests of this folder make: a guest of the model, over links with a bandwidth. */
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import { STOP_AND_COPY, type Transfer } from '@skewbed/proto/control/transfer.ts';
import type { EventOf, HistoryKind } from '@skewbed/proto/history.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { modelWorld } from '../core/model-world.ts';
import { hostConfig } from './move.ts';
import { Stage, type StageOptions } from './stage.ts';

export type GuestShape = {
  readonly name?: string;
  readonly host?: 'a' | 'b';
  readonly pages?: number;
  readonly writerPages?: number;
  readonly writerRate?: number;
};

/** 10 MB/s each way: a guest of 4096 pages, a quarter of them written, takes its while. */
export const LINK_BYTES_PER_SECOND = 10_000_000n;

const LINKS = [
  ['a', 'coordinator'],
  ['b', 'coordinator'],
  ['a', 'b'],
] as const;

export class LiveStage extends Stage {
  constructor(guests: readonly GuestShape[] = [{}], ports: Omit<StageOptions, 'worlds'> = {}) {
    const world = modelWorld(nodePageOps);
    super({ worlds: { a: world, b: world }, ...ports });
    for (const name of ['a', 'b'] as const) this.ask(name, { command: 'configure-host', config: hostConfig(name) });
    for (const guest of guests) this.createGuest(guest);
    this.pass(20);
    for (const [one, other] of LINKS) this.simulation.link(one, other).shape.bytesPerSecond = LINK_BYTES_PER_SECOND;
  }

  createGuest({ name = 'guest', host = 'a', pages = 4096, writerPages = 1024, writerRate = 1 }: GuestShape): void {
    const spec = {
      name,
      kernel: 'pvops-2.6.35',
      build: 'smp',
      vcpus: 1,
      pages,
      hz: 100,
      patches: [],
      reader: 'each-tick',
      writerPages,
      writerRate,
    } as const;
    this.ask(host, { command: 'step', at: null, event: { type: 'create-domain', spec } });
    this.ask(host, { command: 'step', at: null, event: { type: 'unpause', domain: name } });
  }

  eventsOf<K extends HistoryKind>(kind: K): EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.kind === kind);
  }

  domains(host: 'a' | 'b'): readonly string[] {
    return this.ask(host, { command: 'read-clocks' }).domains;
  }

  /** Every page that the writer of a guest on this host left is what it left, and no frame is lost. */
  audit(host: 'a' | 'b'): string[] {
    this.ask(host, { command: 'step', at: null, event: { type: 'audit' } });
    this.pass(1);
    return this.events.flatMap((event) => {
      if (event.kind === 'writer-checked' && event.badPages.length > 0) return [`pages ${event.badPages}`];
      if ((event.kind === 'memory-audit' || event.kind === 'frames-audit') && !event.ok) return [...event.problems];
      return event.kind === 'failure' ? [`${event.code}: ${event.message}`] : [];
    });
  }
}

/** An order that leaves both instants open. */
export function liveMove(
  transfer: Partial<Transfer> = {},
  differences: Partial<CommandOf<'migrate'>> = {},
): CommandOf<'migrate'> {
  return {
    command: 'migrate',
    migration: 'm1',
    domain: 'guest',
    from: 'a',
    to: 'b',
    restore: 'fields-2007',
    suspendAt: null,
    runAt: null,
    sourceWallAheadNs: 0n,
    transfer: { ...STOP_AND_COPY, precopy: { policy: 'xen' }, ...transfer },
    ...differences,
  };
}

export const seconds = (count: number) => trueNs(BigInt(Math.round(count * 1000)) * (NS_PER_S / 1000n));
