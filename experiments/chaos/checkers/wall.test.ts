import { describe, expect, it } from 'vitest';
import { oneMove } from '../one-move.ts';
import { created, findings, on, phase, s, started, suspended, UPTIME_AT_0, WALL_AT_0 } from './short-history.ts';
import { wall } from './wall.ts';

const WC = WALL_AT_0 - UPTIME_AT_0;
const settime = (host: string, at: number, stepped = 0) =>
  on(host, at, { kind: 'settime', by: 'date', steppedNs: s(stepped) }, { wall: WALL_AT_0 + at + stepped });
const published = (host: string, at: number, wc: number) =>
  on(host, at, { kind: 'wallclock-published', domain: 'red', version: 2, wcNs: s(wc) });
const born = [settime('a', 0), created('a', 0), published('a', 0, WC), started('a', 0, 'booted')];

describe('wall', () => {
  it('a settime that every guest there is told is sound', () => {
    expect(findings(wall, [...born, settime('a', 5, 60), published('a', 5, WC + 60)])).toEqual([]);
  });

  it('a settime on another host concerns nobody here', () => {
    expect(findings(wall, [...born, settime('b', 5, 60)])).toEqual([]);
  });

  it('a guest that is not told is told here', () => {
    const told = 'a set its clock, and red was not told';
    expect(findings(wall, [...born, settime('a', 5, 60)])).toEqual([told]);
    // Something else was published: that is not the wall of the host.
    expect(findings(wall, [...born, settime('a', 5, 60), published('a', 5, WC)])).toEqual([told]);
    // Too late is not at all.
    expect(findings(wall, [...born, settime('a', 5, 60), published('a', 6, WC + 60)])).toEqual([told]);
  });

  it('a guest that starts with the wc of where it came from is told', () => {
    const left = [...born, settime('b', 0, 30), suspended('a', 5), phase('b', 5.1, 'target received')];
    expect(findings(wall, [...left, published('b', 5.1, WC + 30), started('b', 5.2, 'restored')])).toEqual([]);
    expect(findings(wall, [...left, published('b', 5.1, WC), started('b', 5.2, 'restored')])).toEqual([
      `red starts on b with wc ${s(WC)} ns; the host's is ${s(WC + 30)} ns`,
    ]);
  });

  it('a host with an offset for each domain has no such law', () => {
    const schedule = oneMove([]);
    const patched = { ...schedule, hosts: schedule.hosts.map((host) => ({ ...host, patches: ['uptime-continuity'] })) };
    expect(findings(wall, [...born, settime('a', 5, 60)], { schedule: patched })).toEqual([]);
  });
});
