import { systemTimeNs } from '@skewbed/proto/units.ts';
import { expect, test } from 'vitest';
import { RUNSTATE_AREA, RUNSTATES, readRunstate, writeRunstate } from './runstate-area.ts';

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const record = {
  state: 'blocked',
  stateEntryTimeNs: systemTimeNs(0x0102030405060708n),
  timeNs: [1n, 2n, 3n, 0xffff_ffff_ffff_ffffn],
} as const;

test('the fields lie where vcpu.h puts them, and the states have its numbers', () => {
  expect(RUNSTATE_AREA).toEqual({ state: 0, stateEntryTime: 8, time: 16 });
  expect(RUNSTATES).toEqual(['running', 'runnable', 'blocked', 'offline']);
});

test('a record is these bytes, anywhere in a guest page', () => {
  const page = new Uint8Array(4096).fill(0xaa);
  writeRunstate(page, 0x120, record);
  expect(hexOf(page.subarray(0x120, 0x150))).toBe(
    '02000000aaaaaaaa' +
      '0807060504030201' +
      '0100000000000000' +
      '0200000000000000' +
      '0300000000000000' +
      'ffffffffffffffff',
  );
  expect(page[0x11f]).toBe(0xaa);
  expect(page[0x150]).toBe(0xaa);
  expect(readRunstate(page, 0x120)).toEqual(record);
});

test('a guest may leave any bytes there', () => {
  expect(readRunstate(new Uint8Array(48).fill(0xff), 0).state).toBe('offline');
});
