import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { pair } from './pair.ts';
import { Simulation } from './simulation.ts';

const MS = 1_000_000n;
const S = 1_000_000_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('time', () => {
  test('jumps to the next event, however far, and stands at the instant that was asked for', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers, clock } = simulation.process('a');
    const fired: bigint[] = [];
    timers.at(trueNs(800_000n * S), () => fired.push(clock.now()));
    expect(simulation.run({ until: trueNs(5n * S) })).toBe('until');
    expect(clock.now()).toBe(5n * S);
    expect(fired).toEqual([]);
    expect(simulation.run()).toBe('idle');
    expect(fired).toEqual([800_000n * S]);
    expect(simulation.events).toBe(2);
  });

  test('stops as soon as what was waited for holds', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers } = simulation.process('a');
    let count = 0;
    for (let i = 1n; i <= 10n; i++) timers.at(trueNs(i * MS), () => count++);
    expect(simulation.run({ done: () => count === 3 })).toBe('done');
    expect(simulation.now).toBe(3n * MS);
  });

  test('events of one instant come in the order in which they were set, over all processes', () => {
    const simulation = new Simulation({ seed: 1 });
    const order: string[] = [];
    const b = simulation.process('b');
    const a = simulation.process('a');
    b.timers.at(trueNs(MS), () => order.push('b1'));
    a.timers.at(trueNs(MS), () => order.push('a1'));
    b.timers.at(trueNs(MS), () => order.push('b2'));
    simulation.run();
    expect(order).toEqual(['b1', 'a1', 'b2']);
  });

  test('an endless exchange within one instant is an error, not a hang', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers, clock } = simulation.process('a');
    const again = (): void => void timers.at(clock.now(), again);
    again();
    expect(() => simulation.run()).toThrow(/1000000 events at 0 ns/);
  });

  test('what a callback throws comes out of run(), and the run can go on', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers } = simulation.process('a');
    let after = false;
    timers.at(trueNs(1n), () => {
      throw new Error('from inside');
    });
    timers.at(trueNs(2n), () => {
      after = true;
    });
    expect(() => simulation.run()).toThrow('from inside');
    simulation.run();
    expect(after).toBe(true);
  });
});

describe('a crash', () => {
  test('stops the timers, breaks the channels, and lets what was sent arrive first', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, dialled, heardByA, heardByB } = pair(simulation);
    let fired = false;
    a.timers.at(trueNs(simulation.now + S), () => {
      fired = true;
    });
    dialled.send(bytes(9));
    a.crash();
    simulation.run();
    expect(fired).toBe(false);
    expect(heardByA).toEqual([]);
    expect(heardByB.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'message 9',
      'closed 1006 b <- a/v1/control: the peer is gone',
    ]);
  });

  test('loses what had not left the process yet', () => {
    const simulation = new Simulation({ seed: 1, link: { bytesPerSecond: 1000n } });
    const { a, dialled, heardByB } = pair(simulation);
    dialled.send(new Uint8Array(100).fill(1));
    dialled.send(new Uint8Array(900).fill(2));
    simulation.run({ until: trueNs(simulation.now + 500n * MS) });
    a.crash();
    simulation.run();
    expect(heardByB.length).toBe(2);
    expect(heardByB[0]).toContain('message 1,1');
    expect(heardByB[1]).toContain('closed 1006');
  });

  test('keeps the durable lines of the journal, and only those', () => {
    const simulation = new Simulation({ seed: 1, fsyncNs: 10n * MS });
    const a = simulation.process('a');
    const durable: string[] = [];
    a.journal.append('first', () => durable.push('first'));
    simulation.run({ until: trueNs(10n * MS) });
    a.journal.append('second', () => durable.push('second'));
    simulation.run({ until: trueNs(15n * MS) });
    a.crash();
    const again = simulation.process('a');
    expect(again.journal.lines).toEqual(['first']);
    simulation.run();
    expect(durable).toEqual(['first']);
  });

  test('may find unsynced lines on the disk all the same, when the test wants that', () => {
    const simulation = new Simulation({ seed: 1 });
    const a = simulation.process('a');
    a.journal.append('first', () => undefined);
    a.journal.append('second', () => undefined);
    a.crash({ unsyncedLinesKept: 1 });
    expect(simulation.process('a').journal.lines).toEqual(['first']);
  });

  test('in the middle of a callback of its own: the rest of it has no effect', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, b, dialled, heardByB } = pair(simulation);
    const late: string[] = [];
    a.timers.at(simulation.now, () => {
      a.crash();
      dialled.send(bytes(1));
      dialled.close(CLOSE_CODE.NORMAL, '');
      a.network.dial(b.url, '/').send(bytes(2));
      a.timers.at(simulation.now, () => late.push('timer'));
      a.journal.append('line', () => late.push('journal'));
    });
    simulation.run();
    expect(late).toEqual([]);
    expect(heardByB.map((line) => line.split(' ').slice(1, 3))).toEqual([['closed', '1006']]);
    expect(simulation.process('a').journal.lines).toEqual([]);
  });

  test('and a restart at once: the peer loses the old channel and can dial the new process', () => {
    const simulation = new Simulation({ seed: 1 });
    const { b, accepted, heardByB } = pair(simulation);
    simulation.processAt('sim://a')?.crash();
    const again = simulation.process('a');
    const heard: string[] = [];
    again.network.accept((path, _query, channel) => {
      heard.push(path);
      channel.close(CLOSE_CODE.NORMAL, '');
    });
    b.network.dial(again.url, '/v1/streams/m');
    accepted.send(bytes(1));
    simulation.run();
    expect(heard).toEqual(['/v1/streams/m']);
    expect(heardByB.at(-1)).toContain('closed 1006');
  });

  test('leaves the name free, and only then', () => {
    const simulation = new Simulation({ seed: 1 });
    const a = simulation.process('a');
    expect(() => simulation.process('a')).toThrow(/runs already/);
    a.crash();
    expect(simulation.process('a').alive).toBe(true);
  });
});

test('a view that is kept beyond the call is overwritten when the simulation is asked to', () => {
  const simulation = new Simulation({ seed: 1, poisonViews: true });
  const b = simulation.process('b');
  let kept: Uint8Array | null = null;
  b.network.accept((_path, _query, channel) => {
    channel.handle({ message: (view) => (kept = view), drained: () => undefined, closed: () => undefined });
  });
  const a = simulation.process('a').network.dial(b.url, '/');
  a.send(bytes(1, 2));
  simulation.run();
  expect(kept).toEqual(bytes(0xdb, 0xdb));
});

test('log lines carry instant and process', () => {
  const lines: string[] = [];
  const simulation = new Simulation({
    seed: 1,
    log: (line) => lines.push(`${line.at} ${line.process} ${line.message}`),
  });
  simulation.process('a').log.info({ pages: 3 }, 'sent');
  expect(lines).toEqual(['0 a sent']);
});

test('CLOSE_CODE.BROKEN is what nobody may send', () => {
  const simulation = new Simulation({ seed: 1 });
  const { dialled } = pair(simulation);
  expect(() => dialled.close(CLOSE_CODE.BROKEN, '')).toThrow(/cannot be sent/);
});
