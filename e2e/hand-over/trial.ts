/**
 * One hand-over in the simulator with faults: the services as they are, a guest that is moved from a (source) to b (target).
 * Safety is looked at after every event: never two running copies, and no copy on the source once the commit line is
 * durable. How it ends is told for the caller to judge. A copy counts as running on the target from its commit order on,
 * which is earlier than the guest's first instruction there.
 */
import type { CoordinatorPorts } from '@skewbed/coordinator/core/coordinator.ts';
import { liveMove } from '@skewbed/hypervisor-node/stage/live-move.ts';
import { MOVE, scriptedStage } from '@skewbed/hypervisor-node/stage/move.ts';
import type { GuestState, ScriptedWorld } from '@skewbed/hypervisor-node/stage/scripted-world.ts';
import type { Stage } from '@skewbed/hypervisor-node/stage/stage.ts';
import type { Link } from '@skewbed/runtime/sim/link.ts';
import { type Fault, faultText, LINKS, type LinkName, type Point, type Process } from './fault.ts';

/** How it ended, and what of it is still there. */
export type Outcome = {
  readonly source: GuestState | 'dead';
  readonly target: GuestState | 'dead';
  readonly committed: boolean;
  /** Which ends say of themselves that they are in doubt. */
  readonly inDoubt: readonly ('a' | 'b')[];
  /** Whether each fault found its point. */
  readonly done: boolean;
};

/** How the guest is moved: stopped first, or live, through the coordinator or past it. */
export const MOVES = { stopped: MOVE, live: liveMove(), direct: liveMove({ via: 'direct' }) } as const;
export type MoveName = keyof typeof MOVES;

/** A journal that lies, for the canary. */
export type Mutation = (ports: CoordinatorPorts) => CoordinatorPorts;

/** Longer than every time-out of the protocol. */
const DELAY_NS = 70_000_000_000n;
const MEND_AFTER_S = 20;
const SETTLE_S = 200;
/** Page records of each pass: two batches, the first of which is not the last. */
const RECORDS = 5;
const PASSES = 2;

const NODE = { source: 'a', target: 'b' } as const;
const ENDS = {
  'source-link': ['a', 'coordinator'],
  'target-link': ['b', 'coordinator'],
  'data-link': ['a', 'b'],
} as const satisfies Record<LinkName, unknown>;

export class Trial {
  readonly stage: Stage;
  readonly worlds: { readonly a: ScriptedWorld; readonly b: ScriptedWorld };
  messages = 0;
  lines = 0;
  readonly #dead = new Set<Process>();
  readonly #faults: readonly Fault[];
  readonly #move: MoveName;
  #next = 0;
  #done = 0;
  #counting = false;

  constructor(move: MoveName, faults: readonly Fault[], mutate: Mutation = (ports) => ports) {
    this.#move = move;
    this.#faults = faults;
    const { stage, a, b } = scriptedStage({ coordinatorPorts: (ports) => this.#watchJournal(mutate(ports)) });
    this.stage = stage;
    this.worlds = { a, b };
    a.records = RECORDS;
    a.passes = PASSES;
    b.records = RECORDS;
    for (const name of LINKS) this.#link(name).tap = ({ message }) => this.#passes(name, message);
  }

  /** Moves the guest, and waits until everything has settled. Throws at the event at which two copies run. */
  run(): Outcome {
    this.#counting = true;
    const { stage, worlds } = this;
    const unsafe = (): false => {
      const [onA, onB] = [worlds.a.guest === 'running', worlds.b.guest === 'running'];
      if (onA && onB) throw new Error(`two copies run at ${stage.simulation.now} ns`);
      if (onA && this.#committed()) throw new Error(`the source runs after the commit, at ${stage.simulation.now} ns`);
      return false;
    };
    stage.start('coordinator', MOVES[this.#move]);
    stage.simulation.run({ until: stage.after(SETTLE_S * Math.max(1, this.#faults.length)), done: unsafe });
    const doubts = (['a', 'b'] as const).filter((name) =>
      stage.nodes[name].status().migrations.some(({ phase }) => phase === 'in-doubt'),
    );
    return {
      source: this.#dead.has('source') ? 'dead' : worlds.a.guest,
      target: this.#dead.has('target') ? 'dead' : worlds.b.guest,
      committed: this.#committed(),
      inDoubt: doubts.filter((name) => !this.#dead.has(name === 'a' ? 'source' : 'target')),
      done: this.#done === this.#faults.length,
    };
  }

  #committed(): boolean {
    return this.stage.journalLines().some((line) => line.startsWith('{"line":"committed"'));
  }

  #link(name: LinkName): Link {
    const [one, other] = ENDS[name];
    return this.stage.simulation.link(one, other);
  }

  /** A message leaves its process: what goes on the wire in its place. */
  #passes(name: LinkName, message: Uint8Array): Uint8Array | readonly Uint8Array[] | null {
    if (!this.#counting) return message;
    this.messages += 1;
    const fault = this.#due('message', this.messages);
    if (fault === null) return message;
    const { deed, point } = fault;
    switch (deed.kind) {
      case 'lose':
        return null;
      case 'duplicate':
        return [message, message.slice()];
      case 'delay':
        this.#delay(this.#link(name));
        return message;
      case 'crash':
      case 'cut':
      case 'silence':
        if (point.when === 'lost') {
          this.#soon(0n, () => this.#do(fault));
          return null;
        }
        // Behind the arrival, which is put into the queue after this.
        this.#soon(0n, () => this.#soon(this.#link(name).shape.latencyNs, () => this.#do(fault)));
        return message;
      default:
        return deed satisfies never;
    }
  }

  #watchJournal(ports: CoordinatorPorts): CoordinatorPorts {
    const { journal } = ports;
    return {
      ...ports,
      journal: {
        lines: journal.lines,
        append: (line, durable) => {
          const fault = this.#counting ? this.#due('journal', ++this.lines) : null;
          const behind = fault?.point.when === 'durable' ? fault : null;
          // Durable comes after a callback of this process that a crash may have ended.
          journal.append(line, () => {
            durable();
            if (behind !== null) this.#soon(0n, () => this.#do(behind));
          });
          if (fault !== null && behind === null) this.#soon(0n, () => this.#do(fault));
        },
      },
    };
  }

  #due(at: Point['at'], number: number): Fault | null {
    const fault = this.#faults[this.#next];
    if (fault === undefined || fault.point.at !== at || fault.point.number !== number) return null;
    this.#next += 1;
    if (fault.deed.kind === 'lose' || fault.deed.kind === 'duplicate' || fault.deed.kind === 'delay') this.#done += 1;
    return fault;
  }

  /** This message takes long; those behind it on its connection wait, as on TCP. Others do not. */
  #delay(link: Link): void {
    const { latencyNs } = link.shape;
    link.shape.latencyNs = DELAY_NS;
    this.#soon(0n, () => {
      link.shape.latencyNs = latencyNs;
    });
  }

  #do(fault: Fault): void {
    this.#done += 1;
    const { deed } = fault;
    if (deed.kind === 'crash') this.#crash(deed.process, fault.point.when === 'kept');
    else if (deed.kind === 'cut') this.#link(deed.link).cut();
    else if (deed.kind === 'silence') this.#link(deed.link).silence();
    if (fault.after === 'mended') this.#soon(BigInt(MEND_AFTER_S) * 1_000_000_000n, () => this.#mend(fault));
  }

  #crash(process: Process, keepLines: boolean): void {
    if (this.#dead.has(process)) return;
    this.#dead.add(process);
    if (process === 'coordinator') {
      this.stage.crashCoordinator({ unsyncedLinesKept: keepLines ? Number.POSITIVE_INFINITY : 0 });
      return;
    }
    this.stage.crashNode(NODE[process]);
    this.worlds[NODE[process]].guests.clear();
  }

  #mend({ deed }: Fault): void {
    if ('link' in deed) this.#link(deed.link).heal();
    if (deed.kind !== 'crash' || !this.#dead.delete(deed.process)) return;
    if (deed.process === 'coordinator') this.stage.startCoordinator();
    else this.stage.restartNode(NODE[deed.process]);
  }

  #soon(afterNs: bigint, act: () => void): void {
    this.stage.simulation.schedule(this.stage.simulation.now + afterNs, act);
  }
}

/** One hand-over with these faults, and what is to be said of it when it is unsafe. */
export function outcomeOf(move: MoveName, faults: readonly Fault[], mutate?: Mutation): Outcome {
  try {
    return new Trial(move, faults, mutate).run();
  } catch (thrown) {
    throw new Error(`${move}: ${faults.map(faultText).join('; ')}: ${(thrown as Error).message}`, { cause: thrown });
  }
}
