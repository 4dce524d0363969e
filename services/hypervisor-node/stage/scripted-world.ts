/**
 * A world for tests: one guest whose memory is a number, moved in a few batches. It keeps count of what was done to it
 * and fails where it is told to, so that every failure of a migration can be had at every step.
 */

import type { HostEvent } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { BATCH_PAGES_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE, type StreamRecord } from '@skewbed/proto/records.ts';
import { hostUptimeNs, hostWallNs, type TrueNs } from '@skewbed/proto/units.ts';
import type { World, WorldHost, WorldSource, WorldTarget } from '../core/world.ts';

/** Where a scripted end of a migration may be told to fail. */
export type FailAt =
  | 'source.prepare'
  | 'source.suspend'
  | 'source.take'
  | 'target.prepare'
  | 'target.apply'
  | 'target.finish'
  | 'target.commit';

/** All of a batch behind its first page. Made once: the exhaustive proof makes a million batches. */
const ZERO_PAGES = Array.from({ length: BATCH_PAGES_MAX - 1 }, (_, index) => ({ pfn: index + 1, type: 0, page: null }));

export type GuestState = 'running' | 'suspended' | 'building' | 'paused' | 'gone';

export class ScriptedWorld implements World {
  /** What was done, in order: 'a source.suspend 3000000000'. */
  readonly did: string[] = [];
  /** Guests by host. */
  readonly guests = new Map<string, GuestState>();
  readonly deadlines = new Map<string, TrueNs[]>();
  failAt: FailAt | null = null;
  /** Batches' worth of pages: each take() gives one record. */
  records = 20;
  /** Passes of a pre-copy, for an order that asks for one; each sends so many records as well. */
  passes = 0;
  targetDigest = 'ab'.repeat(32);

  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  get guest(): GuestState {
    return this.guests.get('guest') ?? 'gone';
  }

  host(): WorldHost {
    return new ScriptedHost(this, this.#name);
  }

  note(what: FailAt | string, at: TrueNs | null): void {
    this.did.push(at === null ? what : `${what} ${at}`);
    if (this.failAt === what) throw new SkewbedError('refused', `${this.#name} was told to fail at ${what}`);
  }
}

class ScriptedHost implements WorldHost {
  readonly #world: ScriptedWorld;
  readonly #name: string;
  #told: HistoryEvent[] = [];
  #due: TrueNs[];
  #lastAt: TrueNs | null = null;

  constructor(world: ScriptedWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#due = [...(world.deadlines.get(name) ?? [])];
  }

  step(at: TrueNs, event: HostEvent): void {
    if (this.#lastAt !== null && at < this.#lastAt) throw new SkewbedError('crash', `stepped back to ${at}`);
    this.#lastAt = at;
    this.#due = this.#due.filter((due) => due > at);
    this.#world.note(event.type, at);
    if (event.type === 'create-domain') this.#world.guests.set(event.spec.name, 'running');
    if (event.type === 'observe')
      this.#told.push({ at, host: this.#name, kind: 'echo', domain: event.domain, ok: true });
    if (event.type === 'destroy') throw new TypeError('a fault of the model');
  }

  nextDeadline(): TrueNs | null {
    return this.#due[0] ?? null;
  }

  drain(): HistoryEvent[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  clocksAt(at: TrueNs) {
    return { wallNs: hostWallNs(at), uptimeNs: hostUptimeNs(at) };
  }

  domainNames(): string[] {
    return [...this.#world.guests].flatMap(([name, state]) => (state === 'gone' ? [] : [name]));
  }

  openSource(_migration: string, domain: string): WorldSource {
    const world = this.#world;
    let left = world.records;
    let passes = world.passes;
    /** What a pass still sends; null when the guest stands still, or there is no pre-copy. */
    let inPass: number | null = null;
    return {
      progress: null,
      startPrecopy: (_at, { policy }) => {
        if (passes === 0 || policy === 'stop-and-copy') return 'none';
        inPass = world.records;
        return 'precopy';
      },
      endPass: () => {
        passes -= 1;
        inPass = world.records;
        return passes > 0 ? 'pass' : 'stop';
      },
      prepare: (at) => world.note('source.prepare', at),
      suspend: (at) => {
        world.note('source.suspend', at);
        inPass = null;
        world.guests.set(domain, 'suspended');
      },
      take: (): StreamRecord[] => {
        world.note('source.take', null);
        if (inPass !== null) {
          inPass -= 1;
          if (inPass < 0) return [];
        } else {
          left -= 1;
          if (left < 0) return [];
          if (left === 0) return [{ type: 'END' }];
        }
        // A full batch each, so that the credit matters.
        const page = new Uint8Array(PAGE_SIZE).fill(left);
        return [{ type: 'PAGE_DATA', entries: [{ pfn: 0, type: 0, page }, ...ZERO_PAGES] }];
      },
      digest: () => ({ sha256: 'ab'.repeat(32), pages: 256 }),
      commit: (at) => {
        world.note('source.commit', at);
        world.guests.set(domain, 'gone');
      },
      abort: (at) => {
        world.note('source.abort', at);
        world.guests.set(domain, 'running');
      },
    };
  }

  openTarget({ domain }: { readonly domain: string }): WorldTarget {
    const world = this.#world;
    return {
      prepare: (at) => {
        world.note('target.prepare', at);
        world.guests.set(domain, 'building');
      },
      apply: () => world.note('target.apply', null),
      finish: (at) => {
        world.note('target.finish', at);
        world.guests.set(domain, 'paused');
        return { sha256: world.targetDigest, pages: 256 };
      },
      commit: (at, order) => {
        world.note('target.commit', at);
        world.did.push(`target runs at ${order.runAt}`);
        world.guests.set(domain, 'running');
      },
      abort: (at) => {
        world.note('target.abort', at);
        world.guests.set(domain, 'gone');
      },
    };
  }
}
