import { describe, expect, it } from 'vitest';
import { frames } from './frames.ts';
import { created, destroyed, findings, on, phase, started, suspended } from './short-history.ts';

const audit = (host: string, owned: number, problems: string[] = []) =>
  on(host, 90, { kind: 'frames-audit', ok: problems.length === 0, free: 1538 - owned, owned, total: 1538, problems });
const moved = [
  created('a', 0),
  started('a', 0, 'booted'),
  suspended('a', 5),
  phase('b', 5.1, 'target received'),
  started('b', 5.2, 'restored'),
  destroyed('a', 5.3),
];

describe('frames', () => {
  it('256 pages and a shared_info where the guest is, none where it was: sound', () => {
    expect(findings(frames, [...moved, audit('a', 0), audit('b', 257)])).toEqual([]);
  });

  it('frames that have leaked are told, on the host that has them', () => {
    expect(findings(frames, [...moved, audit('a', 257), audit('b', 257)])).toEqual([
      'a: 257 frames have owners; no guest there has 0',
    ]);
  });

  it('frames that a guest lacks are told', () => {
    expect(findings(frames, [...moved, audit('b', 256)])).toEqual(['b: 256 frames have owners; red there has 257']);
  });

  it('what the audit itself found is told', () => {
    expect(findings(frames, [...moved, audit('a', 0, ['frame 9 is free and owned'])])).toEqual([
      'a: frame 9 is free and owned',
    ]);
  });
});
