import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { historyOf } from './history-order.ts';

const started = (at: bigint, host: string): HistoryEvent => ({
  at: trueNs(at),
  host,
  kind: 'host-started',
  wallSkew: '+0s',
  uptimeSkew: '+0s',
  ntp: 'off',
});
const echo = (at: bigint, host: string, ok = true): HistoryEvent => ({
  at: trueNs(at),
  host,
  kind: 'echo',
  domain: 'guest',
  ok,
});
const shown = (events: readonly HistoryEvent[]) =>
  events.map(
    (event) => `${event.at} ${event.host ?? '-'} ${event.kind}${event.kind === 'echo' && !event.ok ? ' not ok' : ''}`,
  );

describe('a history', () => {
  it('counts from the origin of its run, by instant, then by host, then as things arrived', () => {
    const failure: HistoryEvent = { at: trueNs(30n), kind: 'failure', code: 'late', message: '' };
    const arrived = [
      started(10n, 'b'),
      started(10n, 'a'),
      echo(30n, 'b'),
      failure,
      echo(30n, 'a'),
      echo(30n, 'a', false),
      echo(20n, 'b'),
    ];
    expect(shown(historyOf(arrived, trueNs(10n)))).toEqual([
      '0 a host-started',
      '0 b host-started',
      '10 b echo',
      '20 - failure',
      '20 a echo',
      '20 a echo not ok',
      '20 b echo',
    ]);
  });

  it('leaves out what a host said before it was configured for this run', () => {
    const arrived = [started(1n, 'a'), echo(2n, 'a'), started(10n, 'a'), echo(20n, 'a')];
    expect(shown(historyOf(arrived, trueNs(10n)))).toEqual(['0 a host-started', '10 a echo']);
  });
});
