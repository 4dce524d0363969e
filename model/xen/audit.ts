/**
 * What a host can check about itself at any time: each frame is free or has one owner; a domain's p2m is a bijection
 * onto frames that are its own; its page tables lead to the right frames; its page writer finds what it wrote.
 */
import { auditPageTables } from '../memory/page-tables.ts';
import type { Domain } from './domain.ts';
import type { Host } from './host.ts';

/** Tells what the page tables, the p2m and the page writer of a domain show. */
export function auditMemory(host: Host, domain: Domain): void {
  // A domain that a restore is still building has no page tables yet, nor a p2m that could be complete.
  if (domain.cr3Mfn === 0) return;
  const owns = (mfn: number): boolean => host.memory.ownerOf(mfn) === domain.owner;
  const tables = auditPageTables({
    cr3Mfn: domain.cr3Mfn,
    pages: domain.p2m.size,
    p2m: domain.p2m,
    readFrame: (mfn) => host.memory.page(mfn),
  });
  const problems = [...domain.p2m.audit(owns), ...domain.auditP2mList(), ...tables];
  host.tell({ kind: 'memory-audit', domain: domain.name, ok: problems.length === 0, problems });
  if (domain.guest === null) return;
  const { writes, badPages } = domain.guest.checkWriter();
  host.tell({ kind: 'writer-checked', domain: domain.name, writes, badPages });
}

/** Tells whether every frame of the host is free or owned by exactly one. */
export function auditFrames(host: Host): void {
  const { total, free, owned, problems } = host.memory.audit();
  const lost = free + owned === total ? [] : [`${total - free - owned} frames are neither free nor owned`];
  const all = [...problems, ...lost];
  host.tell({ kind: 'frames-audit', ok: all.length === 0, free, owned, total, problems: all });
}
