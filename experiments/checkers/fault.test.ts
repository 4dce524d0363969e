import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { downtimeOf } from './downtime.ts';
import { faultOf } from './fault.ts';
import { MS, movedPlan, S, writtenHistory } from './written-history.ts';

const plan = movedPlan({ more: 'events: [{ at: 3s, host: b, settime: -5s }]' });
const history = writtenHistory(plan);
const changed = (change: (event: HistoryEvent) => HistoryEvent | null): HistoryEvent[] =>
  history.map(change).filter((event) => event !== null);

describe('a fault', () => {
  it('is confirmed when every clock was where the scenario wants it', () => {
    expect(faultOf(plan, history)).toEqual({ fault: 'confirmed', reasons: [] });
  });

  it('is a mismatch when a wall or an uptime was elsewhere', () => {
    const wall = changed((event) =>
      event.kind === 'clock-read' && event.host === 'b' && event.why === 'run'
        ? { ...event, wallNs: hostWallNs(event.wallNs! + 20n * MS) }
        : event,
    );
    expect(faultOf(plan, wall)).toEqual({
      fault: 'mismatch',
      reasons: ['the wall of b is 20ms from where the scenario wants it at the run'],
    });
    const uptime = changed((event) =>
      event.kind === 'clock-read' && event.host === 'a'
        ? { ...event, uptimeNs: hostUptimeNs(event.uptimeNs! - S) }
        : event,
    );
    expect(faultOf(plan, uptime).fault).toBe('mismatch');
  });

  it('is a mismatch when a settime did nothing, or not what was asked', () => {
    expect(
      faultOf(
        plan,
        changed((event) => (event.kind === 'settime' ? null : event)),
      ).reasons,
    ).toEqual(['nobody set the clock of b at 6.999999999s']);
    expect(
      faultOf(
        plan,
        changed((event) => (event.kind === 'settime' ? { ...event, steppedNs: -4n * S } : event)),
      ).reasons,
    ).toEqual(['the clock of b was stepped by -4s, not by -5s']);
  });

  it('is inconclusive when nobody read the clocks', () => {
    expect(
      faultOf(
        plan,
        changed((event) => (event.kind === 'clock-read' && event.host === 'b' && event.why === 'stop' ? null : event)),
      ),
    ).toEqual({ fault: 'inconclusive', reasons: ['nobody read the clocks of b at the stop'] });
  });

  it('is inconclusive when the guest stopped or ran at another time', () => {
    const late = changed((event) =>
      event.kind === 'guest-started' && event.how === 'restored'
        ? { ...event, at: trueNs(event.at + 50n * MS) }
        : event,
    );
    expect(faultOf(plan, late).reasons).toEqual(['the guest was to run again at 4s and did at 4.05s']);
    expect(
      faultOf(
        plan,
        changed((event) => (event.kind === 'guest-suspended' ? null : event)),
      ).reasons,
    ).toEqual(['the guest was never seen to stop']);
  });

  it('is inconclusive when a service stood still, or a command came too late', () => {
    const end = history.at(-1)!.at;
    expect(faultOf(plan, [...history, { at: end, host: 'b', kind: 'loop-delay', maxNs: 2n * S }]).reasons).toEqual([
      'b stood still for 2s',
    ]);
    expect(faultOf(plan, [...history, { at: end, host: 'b', kind: 'loop-delay', maxNs: 50n * MS }]).fault).toBe(
      'confirmed',
    );
    expect(faultOf(plan, [...history, { at: end, kind: 'failure', code: 'late', message: 'observe on b' }]).fault).toBe(
      'inconclusive',
    );
  });

  it('is still confirmed when a policy refused the move: the clocks were right, and the guest stayed', () => {
    const stayed = changed((event) =>
      event.kind === 'guest-suspended' || (event.kind === 'guest-started' && event.how === 'restored') ? null : event,
    );
    expect(
      faultOf(plan, [
        ...stayed,
        { at: history.at(-1)!.at, kind: 'failure', code: 'refused', message: 'the wall of b is behind' },
      ]).fault,
    ).toBe('confirmed');
  });
});

describe('a downtime', () => {
  it('lies between stop and run, as far as the two hosts know the time', () => {
    expect(downtimeOf(history)).toMatchObject({ loNs: 2n * S, hiNs: 2n * S });
    const doubtful = changed((event) =>
      event.kind === 'clock-read' ? { ...event, uncertaintyNs: event.host === 'a' ? 3n * MS : 4n * MS } : event,
    );
    expect(downtimeOf(doubtful)).toMatchObject({ loNs: 2n * S - 7n * MS, hiNs: 2n * S + 7n * MS });
  });

  it('is zero for a guest that never stopped', () => {
    expect(downtimeOf([])).toEqual({ loNs: 0n, hiNs: 0n, partsNs: {} });
  });
});
