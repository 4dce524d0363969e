/** A source never has more batches under way than its credit: counted from outside, as they pass the link. */
import { STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { BATCHES_UNDER_WAY } from '../stream-watch.ts';
import type { Checker, Violation } from './checker.ts';

export const credit: Checker = {
  name: 'credit',
  text: `a source never has more than ${STREAM_CREDIT_BATCHES} batches under way`,
  check: ({ events }) =>
    events.flatMap((event): Violation[] => {
      if (event.kind !== 'migration' || event.phase !== BATCHES_UNDER_WAY) return [];
      if (Number(event.detail) <= STREAM_CREDIT_BATCHES) return [];
      const what = `${event.migration}: ${event.detail} batches are under way; the credit is ${STREAM_CREDIT_BATCHES}`;
      return [{ checker: 'credit', atNs: event.at, what }];
    }),
};
