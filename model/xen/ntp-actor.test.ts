import { trueNs } from '@skewbed/proto/units.ts';
import { expect, test } from 'vitest';
import { NtpActor } from './ntp-actor.ts';

test('publishes one period after it was switched on, and then every period', () => {
  const ntp = new NtpActor(trueNs(100n), null);
  expect(ntp.next).toBeNull();
  expect(ntp.text).toBe('off');
  ntp.set(trueNs(200n), 60n);
  expect(ntp.next).toBe(260n);
  ntp.done(trueNs(260n));
  expect(ntp.next).toBe(320n);
  expect(ntp.text).toBe('60ns');
  ntp.set(trueNs(270n), null);
  expect(ntp.next).toBeNull();
});

test('takes no period that is not above zero, for it would never let time go on', () => {
  expect(() => new NtpActor(trueNs(0n), 0n)).toThrow(/period of 0 ns/);
});
