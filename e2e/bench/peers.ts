/** The processes of a benchmark, from outside: started once, told what to do one order at a time, ended with us. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LEAN_FLAGS, leanEnvironment } from '@skewbed/experiments/testbeds/lean-node.ts';
import type { Answer, Order, SumName, Wire } from './orders.ts';
import type { Relay } from './qemu.ts';

export class Peer {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./peer.ts', import.meta.url)), {
    execArgv: [...LEAN_FLAGS],
    env: leanEnvironment(),
  });

  tell(order: Order): Promise<Answer> {
    return new Promise((done, fail) => {
      const ended = (code: number | null): void =>
        fail(new Error(`a process of the benchmark ended with ${code} during ${order.order}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer: Answer) => {
        this.#child.off('exit', ended);
        if (answer.error === undefined) done(answer);
        else fail(new Error(answer.error));
      });
      this.#child.send(order);
    });
  }

  end(): void {
    this.#child.disconnect();
  }

  /** Ends it, and waits until it is gone. */
  async ended(): Promise<void> {
    const gone = new Promise<void>((done) => this.#child.once('exit', () => done()));
    this.end();
    await gone;
  }
}

/** What one run took: of the clock, of each process's processor, and the peaks of their memory so far. */
export type Run = {
  readonly seconds: number;
  readonly allCpuSeconds: number;
  readonly cpuSeconds: { readonly source: number; readonly relay: number; readonly target: number };
  readonly peakBytes: { readonly source: number; readonly relay: number; readonly target: number };
};

/** A source, a target, and a relay between them, which some runs use. */
export class Trio {
  readonly source = new Peer();
  readonly relay = new Peer();
  readonly target = new Peer();

  async memory(pages: number): Promise<void> {
    await Promise.all([this.source, this.target].map((peer) => peer.tell({ order: 'memory', pages })));
  }

  /** Peaks of all three so far. */
  async peaks(): Promise<Run['peakBytes']> {
    const [source, relay, target] = await Promise.all(
      [this.source, this.relay, this.target].map(async (peer) => (await peer.tell({ order: 'end' })).peakBytes),
    );
    return { source: source as number, relay: relay as number, target: target as number };
  }

  /** One run over a wire: direct, through our relay, or through a program in front of the source's port. */
  async run(what: Wire, way: 'direct' | 'relay' | ((port: number) => Promise<Relay>)): Promise<Run> {
    let port = (await this.source.tell({ order: 'serve', what })).port as number;
    let between: Relay | null = null;
    if (way === 'relay') port = (await this.relay.tell({ order: 'relay', port })).port as number;
    else if (way !== 'direct') {
      between = await way(port);
      port = between.port;
    }
    await this.target.tell({ order: 'connect', what, port });
    const moved = await this.source.tell({ order: 'go' });
    const [target, relay] = await Promise.all([this.target, this.relay].map((peer) => peer.tell({ order: 'end' })));
    await this.source.tell({ order: 'end' });
    between?.close();
    const all = { source: moved, relay: relay as Answer, target: target as Answer };
    const used = way === 'relay' ? [moved, relay, target] : [moved, target];
    return {
      seconds: moved.seconds as number,
      allCpuSeconds: used.reduce((sum, answer) => sum + (answer as Answer).cpuSeconds, 0),
      cpuSeconds: { source: all.source.cpuSeconds, relay: all.relay.cpuSeconds, target: all.target.cpuSeconds },
      peakBytes: { source: all.source.peakBytes, relay: all.relay.peakBytes, target: all.target.peakBytes },
    };
  }

  /** Throws when source and target do not hold the same bytes. */
  async compare(): Promise<void> {
    const sums = await Promise.all([this.source, this.target].map((peer) => peer.tell({ order: 'sum' })));
    if (sums[0]?.sum !== sums[1]?.sum) throw new Error('the target holds other bytes than the source');
  }

  async ended(): Promise<void> {
    await Promise.all([this.source, this.relay, this.target].map((peer) => peer.ended()));
  }

  end(): void {
    for (const peer of [this.source, this.relay, this.target]) peer.end();
  }
}

export const pagesWire = (sum: SumName): Wire => ({ wire: 'pages', sum });
