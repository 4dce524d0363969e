/** A link of the fault proxy on virtual time: what it does to pieces, and what it says of that. */
import type { TrueNs } from '@skewbed/proto/units.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import { describe, expect, it } from 'vitest';
import { nsOfMs } from '../duration.ts';
import { Lane } from './lane.ts';
import { RealLink } from './real-link.ts';

/** A lane over a link, and when each of its pieces came out, in ms. */
function laneOver(
  makeLink: (...parts: ConstructorParameters<typeof RealLink>) => RealLink = (...p) => new RealLink(...p),
) {
  const simulation = new Simulation({ seed: 1 });
  const { clock, timers } = simulation.process('proxy');
  const link = makeLink(clock, { seed: 1, name: 'a b' });
  const out: (readonly [text: string, ms: number])[] = [];
  const nowMs = (): number => Number(clock.now()) / 1e6;
  const lane = new Lane('a', { way: link, clock, timers, write: (raw) => out.push([raw.toString(), nowMs()]) });
  const put = (text: string): void => lane.put(Buffer.from(text));
  const run = (untilMs: number): void => void simulation.run({ until: nsOfMs(untilMs) as TrueNs });
  return { link, lane, out, put, run };
}

describe('a lane', () => {
  it('hands on at once where nothing is wrong', () => {
    const { put, out } = laneOver();
    put('one');
    put('two');
    expect(out).toEqual([
      ['one', 0],
      ['two', 0],
    ]);
  });

  it('is late by the delay while that lasts, and nothing overtakes what was late already', () => {
    const { link, put, out, run } = laneOver();
    const end = link.disturb({ delayMs: 100 });
    put('late');
    expect(end()).toMatchObject({ outcome: 'inconclusive' });
    put('behind it');
    run(99);
    expect(out).toEqual([]);
    run(200);
    expect(out).toEqual([
      ['late', 100],
      ['behind it', 100],
    ]);
  });

  it('has its bandwidth: bytes take their time, one after the other', () => {
    const { link, put, out, run } = laneOver();
    const end = link.disturb({ bytesPerSecond: 1000 });
    put('x'.repeat(100));
    put('y'.repeat(50));
    run(1000);
    expect(out.map(([, ms]) => ms)).toEqual([100, 150]);
    expect(end()).toEqual({ outcome: 'confirmed', detail: '2 pieces took 100.0 to 150.0 ms' });
  });

  it('holds everything while it is silent, an end as well, and hands it on afterwards', () => {
    const { link, lane, put, out, run } = laneOver();
    const end = link.silence();
    put('held');
    let ended = false;
    lane.end(() => {
      ended = true;
    });
    run(5000);
    expect([out, ended]).toEqual([[], false]);
    expect(end()).toMatchObject({ outcome: 'confirmed' });
    lane.flow();
    expect([out.map(([text]) => text), ended]).toEqual([['held'], true]);
  });
});

describe('a link that does not do its fault', () => {
  it('is found out when something comes through a silence or a cut', () => {
    const { link, put } = laneOver((...parts) => new DeafLink(...parts));
    const [heal, speak] = [link.cut(), link.silence()];
    put('through');
    expect(heal()).toEqual({ outcome: 'mismatch', detail: '1 pieces came through all the same' });
    expect(speak()).toEqual({ outcome: 'mismatch', detail: '1 pieces came through all the same' });
  });

  it('is found out when a delay does not delay', () => {
    const { link, put } = laneOver((...parts) => new DeafLink(...parts));
    const end = link.disturb({ delayMs: 100 });
    put('at once');
    expect(end()).toMatchObject({ outcome: 'mismatch' });
  });
});

it('while it is cut it takes no dial, and counts them', () => {
  const { link } = laneOver();
  expect(link.takes()).toBe(true);
  const heal = link.cut();
  expect([link.takes(), link.takes()]).toEqual([false, false]);
  expect(heal()).toEqual({ outcome: 'confirmed', detail: '0 connections broke, 2 dials were turned away' });
  expect(link.takes()).toBe(true);
});

class DeafLink extends RealLink {
  override get silent(): boolean {
    return false;
  }

  override arrivalOf(): bigint {
    return 0n;
  }
}
