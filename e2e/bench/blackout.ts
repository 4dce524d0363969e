/**
 * The stretch in which a stopped guest's last pages go over: from the first byte to the last acknowledgement, direct and
 * through the relay, in processes that have moved memory before (warm), and in fresh ones (cold: the first shot).
 * Left out: the coordinator's journal and the guest itself; a whole migration's downtime stands in its own history.
 */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { spreadOf, spreadText, tableText } from './figures.ts';
import { pagesWire, Trio } from './peers.ts';

/** Pages of the last pass: an idle guest's, 4 MiB, 16 MiB. */
const HOT_PAGES = [4, 1024, 4096];

export async function blackouts({ rounds }: { readonly rounds: number }, print: (text: string) => void): Promise<void> {
  const rows: string[][] = [];
  for (const pages of HOT_PAGES) {
    for (const way of ['direct', 'relay'] as const) {
      const cold: number[] = [];
      const warm: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const trio = new Trio();
        await trio.memory(pages);
        await trio.source.tell({ order: 'fill', pattern: 'random' });
        cold.push((await trio.run(pagesWire('xxh3'), way)).seconds * 1000);
        for (let i = 0; i < 5; i++) await trio.run(pagesWire('xxh3'), way);
        warm.push((await trio.run(pagesWire('xxh3'), way)).seconds * 1000);
        trio.end();
      }
      rows.push([
        `${(pages * PAGE_SIZE) / 1024} KiB, ${way}`,
        spreadText(spreadOf(cold), 1),
        spreadText(spreadOf(warm), 1),
      ]);
    }
  }
  print('\n### the last pages of a stopped guest, ms until all are acknowledged\n');
  print(tableText(['what', 'first shot of a fresh process', 'seventh shot'], rows));
}
