/** How what is heard of real nodes becomes one history, gaps and all. */
import type { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { EVENTS_PER_MESSAGE_MAX } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { expect, it } from 'vitest';
import { machineCrash } from '../checkers/checker.ts';
import { s, started, suspended, told } from '../checkers/short-history.ts';
import { unseenOf } from '../checkers/unseen.ts';
import { Heard } from './heard.ts';

const START = trueNs(0n);
const kinds = (events: readonly HistoryEvent[]): string[] => events.map(({ kind }) => kind);

it('is in the order of its instants, whoever was heard first', () => {
  const heard = new Heard();
  heard.said('b', [started('b', 6, 'restored')]);
  heard.said('a', [suspended('a', 5)]);
  expect(heard.inOrder(trueNs(s(1))).map(({ at }) => at)).toEqual([s(4), s(5)]);
});

it('a gap begins at the last that a host said, and ends when its socket closed', () => {
  const heard = new Heard();
  heard.said('a', [started('a', 1, 'booted')]);
  heard.lost('a', trueNs(s(3)));
  heard.lost('b', trueNs(s(4)));
  expect(unseenOf(heard.inOrder(START))).toEqual([
    { host: 'a', fromNs: s(1), toNs: s(3) },
    { host: 'b', fromNs: 0n, toNs: s(4) },
  ]);
});

it('what a machine said before its death stands before it, even with a clock that was ahead', () => {
  const heard = new Heard();
  heard.record([machineCrash(trueNs(s(5)), 'a')]);
  heard.said('a', [suspended('a', 5.001)]);
  const again: HistoryEvent = {
    at: trueNs(s(6)),
    host: 'a',
    kind: 'host-started',
    wallSkew: '+0s',
    uptimeSkew: '+0s',
    ntp: 'off',
  };
  heard.said('a', [again, started('a', 7, 'booted')]);
  expect(kinds(heard.inOrder(START))).toEqual(['guest-suspended', 'failure', 'host-started', 'guest-started']);
});

it('a coordinator tells page by page what there was before, and nothing twice', () => {
  const before = Array.from({ length: EVENTS_PER_MESSAGE_MAX + 2 }, (_, index) =>
    told(index, { kind: 'migration', migration: 'm1', domain: 'red', phase: `phase ${index}` }),
  );
  const heard = new Heard();
  const client = coordinatorWith(before);
  heard.listen(client.asClient, { wanted: () => true });
  client.tell([told(9999, { kind: 'migration', migration: 'm1', domain: 'red', phase: 'running' })]);
  expect(heard.history).toHaveLength(before.length + 1);
  // Another runner of the same coordinator hears the same things again.
  heard.listen(coordinatorWith(before).asClient, { wanted: () => true });
  expect(heard.history).toHaveLength(before.length + 1);
});

/** As much of a runner's client as is listened to. */
function coordinatorWith(before: readonly HistoryEvent[]) {
  let listener: (events: readonly HistoryEvent[]) => void = () => {};
  const client: Pick<RunnerClient, 'onEvents' | 'request'> = {
    onEvents: (each) => {
      listener = each;
    },
    request: (_to, command, done) => {
      const { from, most } = command as unknown as CommandOf<'history'>;
      const events = before.slice(from, from + most);
      done({ ok: true, result: { command: 'history', first: from, events, next: from + events.length } as never });
    },
  };
  return { asClient: client as RunnerClient, tell: (events: readonly HistoryEvent[]) => listener(events) };
}
