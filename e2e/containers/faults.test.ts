import { copiesOf, KILLED_WITH_ITS_NODE } from '@skewbed/experiments/checkers/copies.ts';
import { judge } from '@skewbed/experiments/result.ts';
import type { RunOutcome } from '@skewbed/experiments/scenario-run.ts';
import { readScenario } from '@skewbed/experiments/scenarios/scenario-file.ts';
import { asRunner, runLive } from '@skewbed/experiments/testbeds/live-run.ts';
import { DEFAULT_LIMIT_NS, planTrial } from '@skewbed/experiments/trial.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster, type Fault } from './cluster.ts';
import { describeContainers } from './engine.ts';

// Several at once, each on a cluster of its own: nearly all of their time is waiting for time-outs.
const CLUSTERS = 3;
const FAULTS: readonly Fault[] = ['kill', 'pause', 'cut'];
/** Phases of a migration as its events name them: the coordinator's, in their order. */
const PHASES = ['preparing', 'suspended', 'received', 'committed'] as const;
const SIDES = { source: 'a', target: 'b' } as const;
const HURT_FOR_MS = 1500;
/** All begin at once and wait for a cluster, which counts. */
const TIMEOUT_MS = 400_000;

const scenario = readScenario(
  `scenario: hurt-migration
guest: { kernel: xenlinux-2.6.18 }
hosts:
  a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }
  b: { wall: +2s, uptime: 1000002s }
move: { kind: migrate, from: a, to: b, downtime: 2s }
`,
  'hurt-migration',
);

describeContainers('a node is hurt while a guest moves', () => {
  const pool = new ClusterPool(CLUSTERS);
  beforeAll(() => pool.start());
  afterAll(() => pool.close());

  for (const fault of FAULTS)
    for (const side of ['source', 'target'] as const)
      it.concurrent.each(PHASES)(
        `${fault} the ${side} when the migration is %s`,
        async (phase) => {
          await pool.use(async (cluster) => {
            const end = await migrateAndHurt(cluster, { fault, node: SIDES[side], phase });
            const { result, reasons } = judge(end.outcome.header, end.outcome.events);
            const where = await domainsAtEnd(cluster);
            const logs = { a: await cluster.logs('a'), b: await cluster.logs('b') };
            const evidence = JSON.stringify({ verdict: result.verdict, reasons, where, logs }, null, 1);
            expect(end.hurt, `the migration never came to ${phase}: ${evidence}`).toBe(true);
            expect(copiesOf(end.outcome.events).most, evidence).toBeLessThanOrEqual(1);
            expect(result.verdict, evidence).not.toBe('split-brain');
            if (where.length === 1 && (await runsOn(cluster, where[0]!))) return 'clean';
            // Whoever is killed loses its guests with its memory, and a source that cannot know keeps its copy paused.
            // Then there is a verdict with reasons, and never a second copy; nobody but the killed may lose one.
            expect(fault, evidence).toBe('kill');
            expect(where.length, evidence).toBeLessThanOrEqual(1);
            expect(result.verdict, evidence).not.toBe('healthy');
            expect(reasons, evidence).not.toEqual([]);
            return 'used up';
          });
        },
        TIMEOUT_MS,
      );
});

/** Clusters that tests take in turn; one in which a guest was lost is replaced. */
class ClusterPool {
  readonly #size: number;
  #free: Promise<Cluster>[] = [];
  #waiting: ((cluster: Promise<Cluster>) => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  async start(): Promise<void> {
    for (let made = 0; made < this.#size; made += 1) this.#free.push(Cluster.start(['a', 'b']));
    await Promise.all(this.#free);
  }

  async use(test: (cluster: Cluster) => Promise<'clean' | 'used up'>): Promise<void> {
    const taken = this.#free.pop() ?? new Promise<Cluster>((resolve) => this.#waiting.push(resolve));
    const cluster = await taken;
    let left: 'clean' | 'used up' = 'used up';
    try {
      left = await test(cluster);
    } finally {
      if (left === 'used up') await cluster[Symbol.asyncDispose]();
      this.#give(left === 'clean' ? taken : Cluster.start(['a', 'b']));
    }
  }

  async close(): Promise<void> {
    for (const cluster of this.#free) await (await cluster)[Symbol.asyncDispose]();
  }

  #give(cluster: Promise<Cluster>): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(cluster);
    else next(cluster);
  }
}

type Hurt = { readonly outcome: RunOutcome; readonly hurt: boolean };

/** Runs the migration, and hurts a node when another runner hears of the phase. */
async function migrateAndHurt(
  cluster: Cluster,
  { fault, node, phase }: { fault: Fault; node: string; phase: string },
): Promise<Hurt> {
  let hurt: Promise<TrueNs> | null = null;
  let heardAt = trueNs(0n);
  const isPhase = (event: HistoryEvent): boolean =>
    event.kind === 'migration' && event.host === undefined && event.phase === phase;
  let stopWatching = (): void => {};
  const watching = asRunner<void>(cluster.runner('watcher'), ({ client, clock }, done) => {
    stopWatching = () => done(undefined);
    client.onEvents((events) => {
      const heard = events.find(isPhase);
      if (hurt !== null || heard === undefined) return;
      heardAt = heard.at;
      hurt = hurtForAWhile(cluster, { fault, node, clock });
      // Awaited below; until then a failure of it is nobody's.
      hurt.catch(() => {});
    });
  });
  const plan = planTrial(scenario, { testbed: 'containers', seed: 1, scale: '1/60', limitNs: DEFAULT_LIMIT_NS });
  try {
    const outcome = await startedAgain(() => runLive(plan, cluster.runner('mover')));
    if (hurt === null) return { outcome, hurt: false };
    const at = await (hurt as Promise<TrueNs>);
    if (fault !== 'kill') return { outcome, hurt: true };
    const origin = heardAt - (outcome.events.find(isPhase)?.at ?? heardAt);
    return { outcome: withKill(outcome, { node, at: trueNs(at - origin) }), hurt: true };
  } finally {
    stopWatching();
    await Promise.allSettled([watching, hurt]);
  }
}

/** Nodes of the test before may still be about to learn how their migration ended, and a busy machine may be late. */
async function startedAgain<R>(run: () => Promise<R>): Promise<R> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      const again = error instanceof SkewbedError && ['already-exists', 'illegal-state', 'late'].includes(error.code);
      if (!again || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Gives the instant from which on the fault was there. */
async function hurtForAWhile(
  cluster: Cluster,
  { fault, node, clock }: { fault: Fault; node: string; clock: Clock },
): Promise<TrueNs> {
  await cluster.inflict(fault, node);
  const at = clock.now();
  await new Promise((resolve) => setTimeout(resolve, HURT_FOR_MS));
  await cluster.heal(fault, node);
  return at;
}

/** A killed node cannot say that its copy has stopped; whoever killed it can, and knows when. */
function withKill({ header, events }: RunOutcome, { node, at }: { node: string; at: TrueNs }): RunOutcome {
  const ended: HistoryEvent = {
    at,
    host: node,
    kind: 'domain-destroyed',
    domain: 'guest',
    why: KILLED_WITH_ITS_NODE,
  };
  const after = events.findIndex((event) => event.at > at);
  return { header, events: after < 0 ? [...events, ended] : events.toSpliced(after, 0, ended) };
}

/** Whether the guest's clock moves between two looks at it. */
function runsOn(cluster: Cluster, node: string): Promise<boolean> {
  return asRunner<boolean>(cluster.runner('looker'), ({ client, clock, timers }, done) => {
    const seen: bigint[] = [];
    client.onEvents((events) => {
      for (const event of events)
        if (event.kind === 'probe' && event.host === node && event.why === 'asked')
          seen.push(event.reading.timerInterrupts);
    });
    const look = (then: () => void): void =>
      client.request(node, { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } }, (outcome) =>
        outcome.ok ? then() : done(outcome.error),
      );
    const later = (then: () => void): void => void timers.at(trueNs(clock.now() + LOOKS_APART_NS), then);
    look(() => later(() => look(() => later(() => done(seen.at(-1) !== seen[0])))));
  });
}

const LOOKS_APART_NS = 500_000_000n;
const OPEN = ['preparing', 'streaming', 'deciding', 'handing-over', 'aborting'];

/** The nodes that have the guest when both are back and no migration is open. */
async function domainsAtEnd(cluster: Cluster): Promise<readonly string[]> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { nodes } = await cluster.get<{ nodes: { name: string }[] }>('/v1/nodes');
    const { migrations } = await cluster.get<{ migrations: { phase: string }[] }>('/v1/migrations');
    if (nodes.length === 2 && !migrations.some(({ phase }) => OPEN.includes(phase))) break;
    if (performance.now() > deadline)
      throw new Error(`after 60 s: nodes ${JSON.stringify(nodes)}, migrations ${JSON.stringify(migrations)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { clocks } = await cluster.get<{ clocks: { node: string; domains: string[] }[] }>('/v1/clocks');
  return clocks.filter(({ domains }) => domains.includes('guest')).map(({ node }) => node);
}
