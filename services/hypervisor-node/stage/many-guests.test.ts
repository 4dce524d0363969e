/**
 * Fifty guests change hosts at once, half of them each way, over links that are the bottleneck. On virtual time it can be
 * said of every instant who has got how much.
 */
import type { CoordinatorPorts } from '@skewbed/coordinator/core/coordinator.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import { describe, expect, it } from 'vitest';
import { LiveStage, liveMove } from './live-move.ts';

const GUESTS = 50;
const PAGES = 256;
/** More than any of them gets of 10 MB/s; it makes batches of 12 pages, so that shares can be told from each other. */
const BANDWIDTH = 500_000;
const BATCH_BYTES = 12 * 4096 + 1024;
/** What two streams may be apart: each was given its turn, and the one of them has had the next one already. */
const APART_MAX_BYTES = 2 * BATCH_BYTES;

const routes = Array.from({ length: GUESTS }, (_, i) => {
  const [from, to] = i % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
  return { name: `g${i}`, from, to };
});

type Crowd = { readonly stage: LiveStage; readonly apart: number; readonly arrived: number };

/** Moves them all, and says how far any two streams of one direction were apart while both were in their first pass. */
function moveAll(coordinatorPorts?: (ports: CoordinatorPorts) => CoordinatorPorts): Crowd {
  const guests = routes.map(({ name, from }) => ({ name, host: from, pages: PAGES, writerPages: PAGES - 32 }) as const);
  const stage = new LiveStage(guests, coordinatorPorts === undefined ? {} : { coordinatorPorts });
  const got = new Map(routes.map(({ name }) => [`/v1/streams/m-${name}`, 0]));
  let apart = 0;
  for (const host of ['a', 'b'] as const) {
    stage.simulation.link(host, 'coordinator').tap = ({ from, path, message }) => {
      const before = got.get(path);
      if (before === undefined || from !== 'coordinator' || message.length < 1000) return message;
      got.set(path, before + message.length);
      const shares = routes.flatMap(({ name, to }) => (to === host ? [got.get(`/v1/streams/m-${name}`) ?? 0] : []));
      // Beyond it somebody may be in a later pass, with less to send, or may be there.
      if (Math.max(...shares) <= PAGES * 4096 * 0.8) apart = Math.max(apart, Math.max(...shares) - Math.min(...shares));
      return message;
    };
  }
  const precopy = { policy: 'fixed-rounds', rounds: 1 } as const;
  const asked = routes.map(({ name, from, to }) =>
    stage.start(
      'coordinator',
      liveMove({ precopy, bandwidth: BANDWIDTH }, { migration: `m-${name}`, domain: name, from, to }),
    ),
  );
  for (let second = 0; second < 20 && asked.some(({ outcome }) => outcome === null); second++) stage.pass(1);
  return { stage, apart, arrived: asked.filter(({ outcome }) => outcome?.ok === true).length };
}

describe('fifty guests at once, in both directions', () => {
  it('arrive, and each stream has had as much as every other one at any instant, but for two batches', () => {
    const { stage, apart, arrived } = moveAll();
    expect(arrived).toBe(GUESTS);
    for (const host of ['a', 'b'] as const) {
      expect(stage.domains(host).toSorted()).toEqual(
        routes.flatMap((each) => (each.to === host ? [each.name] : [])).toSorted(),
      );
      expect(stage.audit(host)).toEqual([]);
    }
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThanOrEqual(APART_MAX_BYTES);
  });

  it('the canary: a relay that serves one stream after the other is seen', () => {
    const { apart } = moveAll((ports) => ({ ...ports, network: new SelfishNetwork(ports.network) }));
    expect(apart).toBeGreaterThan(4 * APART_MAX_BYTES);
  });
});

/** Lets a stream send to its target only when the ones before it have ended. */
class SelfishNetwork {
  readonly #network: CoordinatorPorts['network'];
  #first: Channel | null = null;
  readonly #behind: { readonly channel: Channel; readonly held: Uint8Array[] }[] = [];

  constructor(network: CoordinatorPorts['network']) {
    this.#network = network;
  }

  dial(url: string, path: string): Channel {
    return this.#network.dial(url, path);
  }

  dialStream(url: string, path: string): Channel {
    return this.#network.dialStream(url, path);
  }

  accept(onChannel: Parameters<CoordinatorPorts['network']['accept']>[0]): void {
    this.#network.accept((path, query, channel) =>
      onChannel(path, query, path.startsWith('/v1/streams/') ? this.#inLine(channel) : channel),
    );
  }

  #inLine(channel: Channel): Channel {
    const held: Uint8Array[] = [];
    if (this.#first === null) this.#first = channel;
    else this.#behind.push({ channel, held });
    const send = (message: Uint8Array): void => {
      if (this.#first === channel) channel.send(message);
      else held.push(message.slice());
    };
    return {
      get queuedBytes() {
        return channel.queuedBytes;
      },
      send,
      // No relay does: what it forwards comes piece by piece, or whole.
      sendParts: (message, left) => channel.sendParts(message, left),
      close: (code, reason) => {
        channel.close(code, reason);
        this.#ended(channel);
      },
      handle: (handler) =>
        channel.handle({
          ...handler,
          closed: (code, reason) => {
            this.#ended(channel);
            handler.closed(code, reason);
          },
        }),
    };
  }

  #ended(channel: Channel): void {
    if (this.#first !== channel) return;
    const next = this.#behind.shift();
    this.#first = next?.channel ?? null;
    for (const message of next?.held ?? []) next?.channel.send(message);
  }
}
