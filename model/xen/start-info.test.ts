import { expect, test } from 'vitest';
import { buildStartInfo, readStartInfo, refillStartInfo, START_INFO } from './start-info.ts';

const fields = {
  nrPages: 4096n,
  sharedInfoMaddr: 0x1234_5000n,
  flags: 0x11,
  storeMfn: 0x777n,
  storeEvtchn: 1,
  consoleMfn: 0x778n,
  consoleEvtchn: 2,
  ptBase: 0xffff_8800_0100_0000n,
  nrPtFrames: 11n,
  mfnList: 0xffff_8800_0200_0000n,
  firstP2mPfn: 100n,
  nrP2mFrames: 8n,
};

test('its fields lie where xen.h puts them', () => {
  expect(START_INFO).toEqual({
    magic: 0,
    nrPages: 32,
    sharedInfo: 40,
    flags: 48,
    storeMfn: 56,
    storeEvtchn: 64,
    consoleMfn: 72,
    consoleEvtchn: 80,
    ptBase: 88,
    nrPtFrames: 96,
    mfnList: 104,
    modStart: 112,
    modLen: 120,
    cmdLine: 128,
    firstP2mPfn: 1152,
    nrP2mFrames: 1160,
  });
});

test('a built page holds the magic and every field at its literal offset', () => {
  const page = new Uint8Array(4096);
  buildStartInfo(page, fields);
  expect(String.fromCharCode(...page.subarray(0, 15))).toBe('xen-3.0-x86_64\0');
  const view = new DataView(page.buffer);
  const words = [32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 1152, 1160].map((offset) => view.getBigUint64(offset, true));
  expect(words).toEqual(Object.values(fields).map(BigInt));
  expect(readStartInfo(page)).toEqual(fields);
});

test('a start on another host fills in its own fields and leaves the rest', () => {
  const page = new Uint8Array(4096);
  buildStartInfo(page, fields);
  refillStartInfo(page, { sharedInfoMaddr: 0x9_9000n, flags: 0, storeEvtchn: 7 });
  expect(readStartInfo(page)).toEqual({ ...fields, sharedInfoMaddr: 0x9_9000n, flags: 0, storeEvtchn: 7 });
});

test('another page is no start_info', () => {
  expect(() => readStartInfo(new Uint8Array(4096).fill(0x41))).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('AAAA') }),
  );
});
