/** The Network port of one simulated process: dials over links, accepts what arrives, knows its open ends. */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { type ChannelPath, parseChannelPath } from '../channel-rules.ts';
import type { Channel, Network } from '../ports/network.ts';
import { SimChannel } from './channel.ts';
import type { SimProcess } from './process.ts';
import type { Simulation } from './simulation.ts';

type Acceptor = Parameters<Network['accept']>[0];

export class SimNetwork implements Network {
  readonly #simulation: Simulation;
  readonly #process: SimProcess;
  readonly #ends = new Set<SimChannel>();
  #acceptor: Acceptor | null = null;

  constructor(simulation: Simulation, process: SimProcess) {
    this.#simulation = simulation;
    this.#process = process;
  }

  dial(peerUrl: string, path: string): Channel {
    const parsed = parseChannelPath(path);
    const peerName = peerUrl.replace(/^[a-z]+:\/\//, '');
    const link = this.#simulation.link(this.#process.name, peerName);
    const end = new SimChannel(this.#simulation, this.#process, link, {
      name: `${this.#process.name} -> ${peerName}${parsed.path}`,
      path: parsed.path,
    });
    this.#ends.add(end);
    link.request(end, (arrived) => this.#knock(end, peerUrl, parsed, arrived));
    return end;
  }

  dialStream(peerUrl: string, path: string): Channel {
    return this.dial(peerUrl, path);
  }

  accept(onChannel: Acceptor): void {
    this.#acceptor = onChannel;
  }

  /** For SimChannel: this end is no more. */
  ended(end: SimChannel): void {
    this.#ends.delete(end);
  }

  /** For SimProcess: every end dies, and the other sides find out. */
  crashed(): void {
    this.#acceptor = null;
    for (const end of [...this.#ends]) end.die();
  }

  /** A dial of ours has reached the peer's machine, or has found out that it never will. */
  #knock(end: SimChannel, peerUrl: string, path: ChannelPath, arrived: 'there' | 'refused' | 'lost'): void {
    if (arrived === 'lost') {
      end.fail(CLOSE_CODE.BROKEN, `dial ${peerUrl}: the handshake timed out`);
      return;
    }
    const peer = arrived === 'there' ? this.#simulation.processAt(peerUrl) : undefined;
    if (peer === undefined) {
      end.failAfterReply(CLOSE_CODE.BROKEN, `dial ${peerUrl}: connection refused`);
      return;
    }
    const acceptor = peer.network.#acceptor;
    if (acceptor === null) {
      end.failAfterReply(CLOSE_CODE.UNAVAILABLE, `dial ${peerUrl}: the service takes no channels yet`);
      return;
    }
    const name = `${peer.name} <- ${this.#process.name}${path.path}`;
    const other = new SimChannel(this.#simulation, peer, end.link, { name, path: path.path });
    peer.network.#ends.add(other);
    end.join(other);
    peer.whenAwake(() => acceptor(path.path, path.query, other));
  }
}
