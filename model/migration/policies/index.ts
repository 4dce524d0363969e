/** The pre-copy policies by name, as an order of a migration chooses one. */
import type { PrecopyPolicy } from '../precopy.ts';
import { fixedRoundsPolicy } from './fixed-rounds.ts';
import { qemuPolicy } from './qemu.ts';
import { xenPolicy } from './xen.ts';

/** 'stop-and-copy' is no pre-copy at all: the guest stops first, and everything goes once. */
export type PrecopyOrder =
  | { readonly policy: 'stop-and-copy' }
  | { readonly policy: 'xen' }
  | { readonly policy: 'qemu'; readonly downtimeLimitNs: bigint; readonly autoConverge: 'on' | 'off' }
  | { readonly policy: 'fixed-rounds'; readonly rounds: number };

/** A fresh policy; null where there is no pre-copy. */
export function precopyPolicy(order: PrecopyOrder): PrecopyPolicy | null {
  switch (order.policy) {
    case 'stop-and-copy':
      return null;
    case 'xen':
      return xenPolicy();
    case 'qemu':
      return qemuPolicy(order);
    case 'fixed-rounds':
      return fixedRoundsPolicy(order.rounds);
    default:
      return order satisfies never;
  }
}
