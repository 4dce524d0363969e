/**
 * What is done to a hand-over, as data: at which message, what, and whether it is mended afterwards. A message is counted
 * as it leaves its process; the fault comes with it (the message is lost with the crash or the cut), or right after it was
 * taken. Left out: faults inside one callback. A process does nothing visible between two messages but writing its journal,
 * and the journal's own steps are points here as well.
 */

export const PROCESSES = ['source', 'target', 'coordinator'] as const;
export type Process = (typeof PROCESSES)[number];
/** To the coordinator each, and the one between the nodes. */
export const LINKS = ['source-link', 'target-link', 'data-link'] as const;
export type LinkName = (typeof LINKS)[number];

/** Where: at the nth message on any link, or the nth line of the journal. */
export type Point =
  | { readonly at: 'message'; readonly number: number; readonly when: 'lost' | 'taken' }
  | { readonly at: 'journal'; readonly number: number; readonly when: 'lost' | 'kept' | 'durable' };

export type Deed =
  | { readonly kind: 'crash'; readonly process: Process }
  | { readonly kind: 'cut'; readonly link: LinkName }
  | { readonly kind: 'silence'; readonly link: LinkName }
  /** Of this message: nothing else is wrong. */
  | { readonly kind: 'lose' | 'duplicate' | 'delay' };

/** 'mended': started again, or healed, 20 s later. */
export type Fault = { readonly point: Point; readonly deed: Deed; readonly after: 'mended' | 'left' };

/** Every crash and every broken link. */
export const BREAKS: readonly Deed[] = [
  ...PROCESSES.map((process) => ({ kind: 'crash', process }) as const),
  ...LINKS.flatMap((link) => [{ kind: 'cut', link } as const, { kind: 'silence', link } as const]),
];

/** Every single fault of a hand-over with so many messages and journal lines. */
export function everyFault(counts: { readonly messages: number; readonly lines: number }): Fault[] {
  const faults: Fault[] = [];
  for (let number = 1; number <= counts.messages; number += 1) {
    for (const kind of ['lose', 'duplicate', 'delay'] as const)
      faults.push({ point: { at: 'message', number, when: 'taken' }, deed: { kind }, after: 'mended' });
    for (const when of ['lost', 'taken'] as const) {
      for (const deed of BREAKS) {
        for (const after of ['mended', 'left'] as const)
          faults.push({ point: { at: 'message', number, when }, deed, after });
      }
    }
  }
  for (let number = 1; number <= counts.lines; number += 1) {
    for (const when of ['lost', 'kept', 'durable'] as const) {
      for (const deed of BREAKS) {
        for (const after of ['mended', 'left'] as const)
          faults.push({ point: { at: 'journal', number, when }, deed, after });
      }
    }
  }
  return faults;
}

/** A fault in words, for a failing test. */
export function faultText({ point, deed, after }: Fault): string {
  const what = 'process' in deed ? deed.process : 'link' in deed ? deed.link : 'it';
  return `${deed.kind} ${what} at ${point.at} ${point.number} (${point.when}), ${after}`;
}
