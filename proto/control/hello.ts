/**
 * The first words on a control socket: who dials, in which protocol, and what time it is at the coordinator.
 * hello -> welcome -> clock-ping/clock-pong (CLOCK_PINGS_AT_START times) -> ready. Or refuse, and the socket closes.
 */
import { Type } from 'typebox';
import { CHECKSUMS_MAX, MIGRATIONS_REMEMBERED } from '../limits.ts';
import {
  Code,
  closed,
  count,
  Decision,
  Epoch,
  Flag,
  list,
  Name,
  Nanoseconds,
  oneOf,
  ShortText,
  Text,
  TrueTime,
} from './fields.ts';

export const Protocol = closed({ major: count(65_535), minor: count(65_535) });

/** One peer says hello. The shape of `protocol` is the same in every version, so that a refusal can be understood. */
export const Hello = closed({
  type: Type.Literal('hello'),
  protocol: Protocol,
  role: oneOf('node', 'runner'),
  name: Name,
  /** Where this node takes stream sockets. A runner has none. */
  url: Type.Optional(ShortText),
  /** Checksum algorithms that this peer can compute, the best first. A runner offers none. */
  checksums: list(Name, CHECKSUMS_MAX),
});

export const Welcome = closed({
  type: Type.Literal('welcome'),
  protocol: Protocol,
  trueNs: TrueTime,
  epoch: Epoch,
  /** True time at which this coordinator's journal was begun: by it a node knows another journal with the same epoch. */
  journal: TrueTime,
});

export const Refuse = closed({ type: Type.Literal('refuse'), code: Code, message: Text });

export const ClockPing = closed({ type: Type.Literal('clock-ping'), id: count() });
export const ClockPong = closed({ type: Type.Literal('clock-pong'), id: count(), trueNs: TrueTime });

/** Migrations of a node which have not ended as far as it knows, and those whose end a person decided. */
const Open = list(
  closed({ migration: Name, side: oneOf('source', 'target'), resolved: Type.Optional(Decision) }),
  MIGRATIONS_REMEMBERED,
);

/** The peer's clock is set; from here it takes and sends requests. */
export const Ready = closed({
  type: Type.Literal('ready'),
  uncertaintyNs: Nanoseconds,
  /** The first time of this process: what ran on this node before is gone. */
  fresh: Flag,
  /** The coordinator answers with the end of each. */
  open: Open,
});

/** A node has waited for the end of these. */
export const StillOpen = closed({ type: Type.Literal('still-open'), epoch: Epoch, open: Open });
