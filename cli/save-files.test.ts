/** The commands for save files as a script sees them: exit codes, standard output, files. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from './main.ts';

const DOOR = join(import.meta.dirname, 'skewbed.mjs');
const REAL = join(import.meta.dirname, '../e2e/interop/fixtures/mp4M.xen417.save.gz');
const folder = mkdtempSync(join(tmpdir(), 'skewbed-save-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** Runs a command in this process, so that a machine at work on other things runs all of them in seconds. */
async function skewbed(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const into = (lines: string[]) => (chunk: unknown) => {
    lines.push(String(chunk));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(into(out)),
    vi.spyOn(process.stderr, 'write').mockImplementation(into(err)),
  ];
  try {
    return { code: await main(args), stdout: out.join(''), stderr: err.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

beforeAll(async () => {
  expect((await skewbed('save', 't3', at('guest.save'))).code).toBe(0);
  writeFileSync(at('real.save'), gunzipSync(readFileSync(REAL)));
  const damaged = readFileSync(at('guest.save'));
  damaged[500]! ^= 1;
  writeFileSync(at('damaged.save'), damaged);
}, 60_000);

describe('skewbed save', () => {
  it('says what it wrote, and leaves no half a file', async () => {
    const { code, stdout } = await skewbed('save', 't1', at('other.save'), '--kernel', 'pvops-6.12', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, file: at('other.save'), kernel: 'pvops-6.12', pages: 4096 });
    expect(existsSync(join(folder, 'other.save.part'))).toBe(false);
  });

  it('refuses a scenario or a folder that is not there', async () => {
    expect(await skewbed('save', 'nothing', 'x.save')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('no case'),
    });
    expect(await skewbed('save', 't3', at('no/such/x.save'))).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('ENOENT'),
    });
  });
});

describe('skewbed verify', () => {
  it('exits 0 for a sound file, 1 for another, 254 for none', async () => {
    expect(await skewbed('verify', at('guest.save'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sound/),
    });
    expect((await skewbed('verify', at('real.save'))).code).toBe(0);
    expect(await skewbed('verify', at('damaged.save'))).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^offset 500, image header: .+\nnot sound/),
    });
    expect((await skewbed('verify', at('none.save'))).code).toBe(254);
    expect((await skewbed('verify')).code).toBe(254);
  });

  it('reads standard input, and says so of a packed file', async () => {
    const { status } = spawnSync(process.execPath, [DOOR, 'verify', '-'], { input: readFileSync(at('real.save')) });
    expect(status).toBe(0);
    expect(await skewbed('verify', REAL)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('zcat FILE | skewbed inspect -'),
    });
  });

  it('prints with --json one document', async () => {
    const { code, stdout, stderr } = await skewbed('verify', at('damaged.save'), '--json');
    expect([code, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      sound: false,
      problems: [{ offset: 500, record: 'image header' }],
    });
  });
});

describe('skewbed inspect', () => {
  it('tells every record of a real file', async () => {
    const { code, stdout } = await skewbed('inspect', at('real.save'));
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

  it('tells a damaged file as far as it can be read', async () => {
    const { code, stdout } = await skewbed('inspect', at('damaged.save'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ libxl: { version: 2 }, image: null, problem: { offset: 500 } });
  });
});

describe('skewbed restore', () => {
  it('runs the guest, and saves it again as the same guest', async () => {
    const { code, stdout } = await skewbed(
      'restore',
      at('guest.save'),
      '--for',
      '2s',
      '--save',
      at('again.save'),
      '--json',
    );
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      kernel: 'pvops-2.6.35',
      restore: 'fields-2007',
      audits: [{ ok: true }, { ok: true }, { ok: true }],
    });
    expect(told.probes).toHaveLength(3);
    expect(await skewbed('diff', at('guest.save'), at('again.save'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The same guest.'),
    });
  });

  it('shows the hang on a host that booted later', async () => {
    expect((await skewbed('restore', at('guest.save'), '--uptime', '1h')).stdout).toContain(
      'pvclock last_value (M2), for 996400 s',
    );
  });

  it('refuses what is damaged, what is machine code, and options that mean nothing', async () => {
    expect((await skewbed('restore', at('damaged.save'))).code).toBe(1);
    expect(await skewbed('restore', at('real.save'))).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('machine code'),
    });
    expect((await skewbed('restore', at('guest.save'), '--restore', 'other')).code).toBe(254);
    expect((await skewbed('restore', at('guest.save'), '--for', '2d')).code).toBe(254);
  });
});

describe('skewbed diff', () => {
  it('exits 1 when the guests differ', async () => {
    const { code, stdout } = await skewbed('diff', at('guest.save'), at('real.save'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, sameGuest: false, identical: false });
    expect((await skewbed('diff', at('guest.save'), at('guest.save'))).code).toBe(0);
  });
});
