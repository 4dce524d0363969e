/** Who uses a page of a guest, for messages that name one: by the layout, which is a function of the number of pages. */
import { type GuestLayout, KERNEL_DATA_PAGES } from './layout.ts';

export function pageOwner(layout: GuestLayout, pfn: number): string {
  if (pfn === layout.startInfo) return 'start_info';
  if (pfn === layout.runstate) return 'runstate area';
  if (pfn === layout.xenstore) return 'xenstore ring';
  if (pfn === layout.console) return 'console ring';
  const kernelFirst = layout.kernelData[0] as number;
  if (pfn < kernelFirst) return 'p2m list';
  if (pfn < kernelFirst + KERNEL_DATA_PAGES) return 'kernel variables';
  return pfn < layout.free ? 'page tables' : 'programs';
}
