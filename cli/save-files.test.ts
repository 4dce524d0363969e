/** The commands for save files as a script sees them: exit codes, standard output, files. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const DOOR = join(import.meta.dirname, 'skewbed.mjs');
const REAL = join(import.meta.dirname, '../e2e/interop/fixtures/mp4M.xen417.save.gz');
const folder = mkdtempSync(join(tmpdir(), 'skewbed-save-'));
afterAll(() => rmSync(folder, { recursive: true }));

const skewbedWith = (input: Uint8Array | undefined, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [DOOR, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    ...(input === undefined ? {} : { input }),
  });
  return { code: status, stdout, stderr };
};
const skewbed = (...args: string[]) => skewbedWith(undefined, ...args);

beforeAll(() => {
  expect(skewbed('save', 't3', 'guest.save').code).toBe(0);
  writeFileSync(join(folder, 'real.save'), gunzipSync(readFileSync(REAL)));
  const damaged = readFileSync(join(folder, 'guest.save'));
  damaged[500]! ^= 1;
  writeFileSync(join(folder, 'damaged.save'), damaged);
}, 60_000);

describe('skewbed save', () => {
  it('says what it wrote, and leaves no half a file', () => {
    const { code, stdout } = skewbed('save', 't1', 'other.save', '--kernel', 'pvops-6.12', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, file: 'other.save', kernel: 'pvops-6.12', pages: 4096 });
    expect(existsSync(join(folder, 'other.save.part'))).toBe(false);
  });

  it('refuses a scenario or a folder that is not there', () => {
    expect(skewbed('save', 'nothing', 'x.save')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('no case'),
    });
    expect(skewbed('save', 't3', 'no/such/x.save')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('ENOENT'),
    });
  });
});

describe('skewbed verify', () => {
  it('exits 0 for a sound file, 1 for another, 254 for none', () => {
    expect(skewbed('verify', 'guest.save')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound/) });
    expect(skewbed('verify', 'real.save').code).toBe(0);
    expect(skewbed('verify', 'damaged.save')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^offset 500, image header: .+\nnot sound/),
    });
    expect(skewbed('verify', 'none.save').code).toBe(254);
    expect(skewbed('verify').code).toBe(254);
  });

  it('reads standard input, and says so of a packed file', () => {
    expect(skewbedWith(readFileSync(join(folder, 'real.save')), 'verify', '-').code).toBe(0);
    expect(skewbed('verify', REAL)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('zcat FILE | skewbed inspect -'),
    });
  });

  it('prints with --json one document', () => {
    const { code, stdout, stderr } = skewbed('verify', 'damaged.save', '--json');
    expect([code, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      sound: false,
      problems: [{ offset: 500, record: 'image header' }],
    });
  });
});

describe('skewbed inspect', () => {
  it('tells every record of a real file', () => {
    const { code, stdout } = skewbed('inspect', 'real.save');
    expect(code).toBe(0);
    for (const word of [
      'saved by Xen 4.17',
      'X86_CPUID_POLICY',
      'L4PINNED 1',
      'wc_sec 1767226977',
      'rip 0x23aa',
      '2596130 kHz',
    ])
      expect(stdout).toContain(word);
  });

  it('tells a damaged file as far as it can be read', () => {
    const { code, stdout } = skewbed('inspect', 'damaged.save', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ libxl: { version: 2 }, image: null, problem: { offset: 500 } });
  });
});

describe('skewbed restore', () => {
  it('runs the guest, and saves it again as the same guest', () => {
    const { code, stdout } = skewbed('restore', 'guest.save', '--for', '2s', '--save', 'again.save', '--json');
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      kernel: 'pvops-2.6.35',
      restore: 'fields-2007',
      audits: [{ ok: true }, { ok: true }, { ok: true }],
    });
    expect(told.probes).toHaveLength(3);
    expect(skewbed('diff', 'guest.save', 'again.save')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The same guest.'),
    });
  });

  it('shows the hang on a host that booted later', () => {
    expect(skewbed('restore', 'guest.save', '--uptime', '1h').stdout).toContain(
      'pvclock last_value (M2), for 996400 s',
    );
  });

  it('refuses what is damaged, what is machine code, and options that mean nothing', () => {
    expect(skewbed('restore', 'damaged.save').code).toBe(1);
    expect(skewbed('restore', 'real.save')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('machine code'),
    });
    expect(skewbed('restore', 'guest.save', '--restore', 'other').code).toBe(254);
    expect(skewbed('restore', 'guest.save', '--for', '2d').code).toBe(254);
  });
});

describe('skewbed diff', () => {
  it('exits 1 when the guests differ', () => {
    const { code, stdout } = skewbed('diff', 'guest.save', 'real.save', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, sameGuest: false, identical: false });
    expect(skewbed('diff', 'guest.save', 'guest.save').code).toBe(0);
  });
});
