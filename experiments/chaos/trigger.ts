/**
 * When a fault strikes: at its instant, or at the n-th message, byte or at a certain message of a migration that passes a
 * link after that instant. Crashes and cuts use it: most bugs of a hand-over live between two particular messages.
 */
import { decode } from '@skewbed/proto/codec.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Random } from '@skewbed/runtime/ports/random.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import { type Static, Type } from 'typebox';
import { between, pick, weighted } from './draws.ts';

/** The messages of a migration by which a trigger can be set, in the order in which they come. */
export const PHASES = ['prepare', 'batch', 'ack', 'digest', 'commit', 'committed', 'abort'] as const;
export type Phase = (typeof PHASES)[number];

export const TriggerFields = Type.Union([
  Type.Object({ on: Type.Literal('time') }, { additionalProperties: false }),
  Type.Object(
    { on: Type.Literal('message'), number: Type.Integer({ minimum: 1, maximum: 100_000 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { on: Type.Literal('byte'), number: Type.Integer({ minimum: 1, maximum: 1e12 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { on: Type.Literal('phase'), phase: Type.Unsafe<Phase>(Type.Union(PHASES.map((phase) => Type.Literal(phase)))) },
    { additionalProperties: false },
  ),
]);
export type Trigger = Static<typeof TriggerFields>;

/** How many bytes a guest of the default mix is in the stream, about. */
const GUEST_BYTES = 200_000;

export function drawTrigger(random: Random): Trigger {
  const on = weighted(random, [
    ['time', 3],
    ['message', 3],
    ['byte', 2],
    ['phase', 6],
  ] as const);
  switch (on) {
    case 'time':
      return { on };
    case 'message':
      return { on, number: between(random, 1, 30) };
    case 'byte':
      return { on, number: between(random, 1, GUEST_BYTES) };
    case 'phase':
      return { on, phase: pick(random, PHASES) };
  }
}

/** Counts what passes and says when the trigger has come: before the message which it is asked about leaves. */
export class TriggerWatch {
  readonly #trigger: Trigger;
  #messages = 0;
  #bytes = 0;

  constructor(trigger: Trigger) {
    this.#trigger = trigger;
  }

  /** Whether this is the message. */
  comesWith(passage: Passage): boolean {
    this.#messages += 1;
    this.#bytes += passage.message.length;
    switch (this.#trigger.on) {
      case 'time':
        return true;
      case 'message':
        return this.#messages >= this.#trigger.number;
      case 'byte':
        return this.#bytes >= this.#trigger.number;
      case 'phase':
        return phaseOf(passage) === this.#trigger.phase;
    }
  }
}

/** Which message of a migration this is, if it is one. */
export function phaseOf({ path, message }: Pick<Passage, 'path' | 'message'>): Phase | null {
  const socket = path.startsWith('/v1/streams/') ? 'stream' : 'control';
  let decoded: ReturnType<typeof decode>;
  try {
    decoded = decode(message, socket);
  } catch (error) {
    // A frame that another fault corrupted is no message of anything.
    if (error instanceof SkewbedError) return null;
    throw error;
  }
  switch (decoded.type) {
    case 'batch':
    case 'ack':
    case 'digest':
      return decoded.type;
    case 'request': {
      const { command } = decoded.command;
      if (command === 'migration-prepare-source' || command === 'migration-prepare-target') return 'prepare';
      if (command === 'migration-commit') return 'commit';
      return command === 'migration-abort' ? 'abort' : null;
    }
    case 'reply':
      return decoded.ok && decoded.result.command === 'migration-commit' ? 'committed' : null;
    default:
      return null;
  }
}

/** For people: 'at its instant', 'at message 5', 'at the digest'. */
export function triggerText(trigger: Trigger): string {
  switch (trigger.on) {
    case 'time':
      return 'at its instant';
    case 'message':
    case 'byte':
      return `at ${trigger.on} ${trigger.number} after it`;
    case 'phase':
      return `at the next ${trigger.phase} after it`;
  }
}
