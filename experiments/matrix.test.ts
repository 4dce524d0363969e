import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNames } from './case-library.ts';
import { matrixJson, matrixKeys, runMatrix } from './matrix.ts';
import { runCell } from './matrix-worker.ts';

describe('the cells of the matrix', () => {
  it('are every case with every kernel, bare, with each patch alone, and with each policy', () => {
    const keys = matrixKeys({ cases: caseNames() });
    expect(keys.filter((key) => key.patches.length === 0)).toHaveLength(6 * 7 * 4);
    expect(keys.every((key) => key.patches.length <= 1)).toBe(true);
    expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(keys.length);
    expect(keys.some((key) => key.patches.includes('without-p-reset'))).toBe(false);
  });

  it('have song-2008 once, as the policy', () => {
    expect(matrixKeys({ cases: ['t1-recipe-one'] }).some((key) => key.patches.includes('song-2008'))).toBe(false);
    const asked = matrixKeys({ cases: ['t1-recipe-one'], kernels: ['xenlinux-2.6.18'], patches: ['song-2008'] });
    expect(asked.map(({ restore, patches }) => [restore, patches])).toEqual([
      ['fields-2007', []],
      ['song-2008', []],
    ]);
  });
});

it('a cell is one run, with the figures of the golden file', () => {
  const { cell, fault } = runCell(
    { scenario: 't1-recipe-one', kernel: 'xenlinux-2.6.18', restore: 'fields-2007', patches: [] },
    1,
  );
  expect(fault).toBe('confirmed');
  expect(cell).toMatchObject({ verdict: 'frozen', mechanism: 'M1' });
  expect(Math.abs(cell.late! - 570)).toBeLessThanOrEqual(0.01);
});

it('workers give the cells in order, patches that do not apply among them, and a patch of somebody’s own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skewbed-patch-'));
  const patchFile = join(folder, 'mine.ts');
  writeFileSync(
    patchFile,
    "export default { name: 'mine', side: 'guest', kernels: ['pvops-2.6.35'], source: 's', claims: 'c', objections: 'o' };\n",
  );
  try {
    const ran = await runMatrix({
      cases: ['t3-uptime-only'],
      kernels: ['xenlinux-2.6.18', 'pvops-2.6.35'],
      patches: ['reset-last-value'],
      seed: 1,
    });
    expect(matrixJson(ran).cells.map(({ kernel, patches, verdict }) => [kernel, patches, verdict])).toEqual([
      ['xenlinux-2.6.18', [], 'healthy'],
      ['xenlinux-2.6.18', ['reset-last-value'], 'not-applicable'],
      ['pvops-2.6.35', [], 'frozen'],
      ['pvops-2.6.35', ['reset-last-value'], 'healthy'],
    ]);
    const { addPatchFile } = await import('./patch-file.ts');
    await addPatchFile(patchFile);
    const mine = await runMatrix({
      cases: ['t3-uptime-only'],
      kernels: ['pvops-2.6.35'],
      patches: ['mine'],
      patchFile,
      seed: 1,
    });
    expect(mine.map(({ cell }) => cell.verdict)).toEqual(['frozen', 'frozen']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

it('what is no patch is refused, with what to write', async () => {
  const { addPatchFile } = await import('./patch-file.ts');
  await expect(addPatchFile(join(import.meta.dirname, 'plan-json.ts'))).rejects.toThrow(
    /exports no patch; write 'export default/,
  );
  await expect(addPatchFile('./nowhere.ts')).rejects.toThrow(/the patch file \.\/nowhere\.ts cannot be loaded/);
});
