/** What time and memory cost as the guest grows: half of its pages are random, half zero. */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { mibOf, spreadOf, spreadText, tableText } from './figures.ts';
import { pagesWire, type Run, Trio } from './peers.ts';

const SIZES_MIB = [64, 256, 1024, 4096];

export async function growth({ rounds }: { readonly rounds: number }, print: (text: string) => void): Promise<void> {
  const rows: string[][] = [];
  await compileOnce();
  for (const mib of SIZES_MIB) {
    const pages = (mib * 1024 ** 2) / PAGE_SIZE;
    const trio = new Trio();
    const idle = await trio.peaks();
    await trio.memory(pages);
    await trio.source.tell({ order: 'fill', pattern: 'half' });
    const runs: Record<'direct' | 'relay', Run[]> = { direct: [], relay: [] };
    for (let round = -1; round < rounds; round++) {
      for (const way of ['direct', 'relay'] as const) {
        const run = await trio.run(pagesWire('xxh3'), way);
        if (round >= 0) runs[way].push(run);
      }
    }
    await trio.compare();
    const msPerGib = (way: 'direct' | 'relay'): string =>
      spreadText(spreadOf(runs[way].map(({ seconds }) => (seconds * 1000 * 1024) / mib)), 0);
    const all = await trio.peaks();
    const peak = (who: keyof Run['peakBytes']): string => `${mibOf(idle[who])}, ${mibOf(all[who])}`;
    trio.end();
    rows.push([
      `${mib} MiB`,
      msPerGib('direct'),
      msPerGib('relay'),
      peak('source'),
      peak('target'),
      mibOf((1.1 * mib + 100) * 1024 ** 2),
      peak('relay'),
    ]);
  }
  print('\n### growth: half-zero memory, with xxh3\n');
  print(
    tableText(
      [
        'guest',
        'direct, ms a GiB',
        'relay, ms a GiB',
        'source MiB: idle, peak',
        'target MiB: idle, peak',
        '1.1 guest + 100',
        'relay MiB: idle, peak',
      ],
      rows,
    ),
  );
}

/** What is peculiar to the first start after a change of the code, is kept on disk from then on. */
async function compileOnce(): Promise<void> {
  const trio = new Trio();
  await trio.memory(256);
  await trio.source.tell({ order: 'fill', pattern: 'half' });
  for (const way of ['direct', 'relay'] as const) await trio.run(pagesWire('xxh3'), way);
  await trio.ended();
}
