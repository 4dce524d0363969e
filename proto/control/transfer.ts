/**
 * How a migration carries the memory: which pre-copy, which way, how fast, for how long, and whether everything is sent
 * again to compare. The same words as model/migration/policies, which may not use this package.
 */
import { type Static, Type } from 'typebox';
import { PRECOPY_ROUNDS_MAX, TRANSFER_BANDWIDTH_MIN } from '../limits.ts';
import { closed, count, Nanoseconds, oneOf } from './fields.ts';

export const PrecopyFields = Type.Union([
  /** None: the guest stops first. */
  closed({ policy: Type.Literal('stop-and-copy') }),
  closed({ policy: Type.Literal('xen') }),
  closed({ policy: Type.Literal('qemu'), downtimeLimitNs: Nanoseconds, autoConverge: oneOf('on', 'off') }),
  closed({ policy: Type.Literal('fixed-rounds'), rounds: count(PRECOPY_ROUNDS_MAX) }),
]);

/** Bytes a second while the guest runs; null is no limit. The last pass, while it stands still, knows none. */
export const Bandwidth = Type.Union([
  Type.Integer({ minimum: TRANSFER_BANDWIDTH_MIN, maximum: Number.MAX_SAFE_INTEGER }),
  Type.Null(),
]);

/** From the order to the vote; null is no limit. What has not got there by then is aborted. */
export const TimeLimit = Type.Union([Nanoseconds, Type.Null()]);

export const TransferFields = closed({
  precopy: PrecopyFields,
  verify: oneOf('off', 'every-page'),
  bandwidth: Bandwidth,
  timeLimitNs: TimeLimit,
  /** 'direct': batches and acknowledgements pass from node to node, everything else through the coordinator. */
  via: oneOf('relay', 'direct'),
});
export type Transfer = Static<typeof TransferFields>;

/** What an order without any of it means. */
export const STOP_AND_COPY: Transfer = {
  precopy: { policy: 'stop-and-copy' },
  verify: 'off',
  bandwidth: null,
  timeLimitNs: null,
  via: 'relay',
};
