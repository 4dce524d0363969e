import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { calendarText, longText, secondsText, signedSecondsText } from './duration-text.ts';
import { marksOf } from './event-marks.ts';
import { seconds, stamp, uptimeGuardHistory } from './example-histories.ts';

const A = { wall: 0, uptime: 0 };

describe('marks', () => {
  it('tell the story of a migration in order', () => {
    const texts = marksOf(uptimeGuardHistory().events).map((mark) => mark.text);
    expect(texts).toEqual([
      'host starts: wall +0s, uptime +999990s, ntp off',
      'host starts: wall +0s, uptime +199988s, ntp off',
      'creates guest: pvops-2.6.35, 1 vCPU, 4,096 pages',
      'guest runs (booted)',
      'migration of guest: preparing',
      'guest stops',
      'migration of guest: suspended',
      'migration of guest: committed',
      'Xen publishes wc 1,227,574,106 s to guest (wc_version 2)',
      'guest runs (restored)',
      'guest arms newSleep (nanosleep, 1 s)',
      'destroys its copy of guest: handed over',
      'newSleep comes back in guest',
      'Xen has kept vCPU 0 of guest blocked for 800,000 s (9 d 6 h 13 min)',
    ]);
  });

  it('tell what is done to clocks, and how faults were read back', () => {
    const marks = marksOf([
      { ...stamp(0, 'a', A), kind: 'skew-set', clock: 'wall', skew: '+500ms' },
      { ...stamp(1, 'a', A), kind: 'ntp-set', ntp: '30s' },
      { ...stamp(2, 'a', A), kind: 'ntp-set', ntp: 'off' },
      { at: trueNs(seconds(3)), kind: 'fault', fault: 'step', number: 2, outcome: 'confirmed', detail: 'as asked' },
    ]);
    expect(marks.map(({ kind, text }) => [kind, text])).toEqual([
      ['fault', 'the wall goes on with the skew +500ms'],
      ['fault', "dom0's ntp sets the clock every 30s"],
      ['fault', "dom0's ntp stops"],
      ['fault', 'fault 2 (step) confirmed: as asked'],
    ]);
  });

  it('of a clock that ntp sets to the same value each minute are alike', () => {
    const [one, other, stepped] = marksOf([
      { ...stamp(0, 'a', A), kind: 'settime', by: 'ntp', steppedNs: 0n },
      { ...stamp(60, 'a', A), kind: 'settime', by: 'ntp', steppedNs: 0n },
      { ...stamp(120, 'a', A), kind: 'settime', by: 'ntp', steppedNs: seconds(-5) },
    ]);
    expect(one?.likeness).toBe(other?.likeness);
    expect(stepped?.likeness).not.toBe(one?.likeness);
    expect(stepped?.text).toBe("dom0's ntp sets the clock: its wall steps -5 s");
  });
});

describe('lengths of time', () => {
  it('read as people say them', () => {
    expect(secondsText(seconds(571))).toBe('571 s');
    expect(secondsText(seconds(800_002.25))).toBe('800,002.25 s');
    expect(secondsText(2_350_000n)).toBe('2.35 ms');
    expect(secondsText(-12_000n)).toBe('-12 µs');
    expect(secondsText(0n)).toBe('0 s');
    expect(signedSecondsText(seconds(30))).toBe('+30 s');
    expect(signedSecondsText(seconds(-570))).toBe('-570 s');
  });

  it('get days only where seconds are hard to imagine', () => {
    expect(calendarText(seconds(59))).toBeNull();
    expect(longText(seconds(90))).toBe('90 s');
    expect(longText(seconds(570))).toBe('570 s (9 min 30 s)');
    expect(longText(seconds(-800_000))).toBe('-800,000 s (9 d 6 h 13 min)');
  });
});
