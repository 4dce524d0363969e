/**
 * Which items a save file has, and in which order (facts D.5, D.6): what Xen's receiver insists on, and what every sender
 * of it does. Stricter than Xen's verify-stream-v2, which looks at one record at a time; docs/save-files.md lists how.
 */

import { LIBXL_OPTION } from '@skewbed/proto/libxc/format.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import type { FileRecord } from '@skewbed/proto/records.ts';
import { configProblem } from './domain-config.ts';
import type { Problems } from './problem.ts';

type Type = FileRecord['type'];
type Item<K extends PlacedItem['kind']> = Extract<PlacedItem, { kind: K }>;

const PV_ONLY: ReadonlySet<Type> = new Set([
  'X86_PV_INFO',
  'X86_PV_P2M_FRAMES',
  'SHARED_INFO',
  'X86_PV_VCPU_BASIC',
  'X86_PV_VCPU_EXTENDED',
  'X86_PV_VCPU_XSAVE',
  'X86_PV_VCPU_MSRS',
]);
const HVM_ONLY: ReadonlySet<Type> = new Set(['HVM_CONTEXT', 'HVM_PARAMS']);
/** Records of streams between hosts, which no file has. */
const NOT_IN_FILES: ReadonlyMap<Type, string> = new Map([
  ['CHECKPOINT', 'it belongs to a checkpointed stream (Remus, COLO); a plain receiver refuses it'],
  ['CHECKPOINT_DIRTY_PFN_LIST', 'it goes from a COLO target back to its source'],
  ['TOOLSTACK', 'it is deprecated since Xen 4.6, and no receiver reads it'],
]);
const ONCE: ReadonlySet<Type> = new Set([
  'X86_PV_INFO',
  'X86_CPUID_POLICY',
  'X86_MSR_POLICY',
  'STATIC_DATA_END',
  'X86_PV_P2M_FRAMES',
  'X86_TSC_INFO',
  'SHARED_INFO',
  'HVM_CONTEXT',
  'HVM_PARAMS',
  'VERIFY',
  'SKEWBED_SYSTEM_TIME',
]);
/** What has to have come before. */
const AFTER: Readonly<Partial<Record<Type, readonly Type[]>>> = {
  X86_PV_P2M_FRAMES: ['X86_PV_INFO'],
  X86_TSC_INFO: ['PAGE_DATA'],
  SHARED_INFO: ['PAGE_DATA'],
  X86_PV_VCPU_BASIC: ['PAGE_DATA', 'SHARED_INFO'],
  HVM_CONTEXT: ['PAGE_DATA'],
  HVM_PARAMS: ['PAGE_DATA'],
  VERIFY: ['PAGE_DATA'],
  SKEWBED_SYSTEM_TIME: ['PAGE_DATA'],
};
/** What must not have come yet. */
const BEFORE: Readonly<Partial<Record<Type, readonly Type[]>>> = {
  X86_CPUID_POLICY: ['STATIC_DATA_END'],
  X86_MSR_POLICY: ['STATIC_DATA_END'],
  STATIC_DATA_END: ['X86_PV_P2M_FRAMES', 'PAGE_DATA'],
  PAGE_DATA: ['X86_TSC_INFO', 'SHARED_INFO', 'HVM_CONTEXT', 'HVM_PARAMS'],
  VERIFY: ['X86_TSC_INFO', 'SHARED_INFO'],
};
const VERSION_3: ReadonlySet<Type> = new Set(['STATIC_DATA_END', 'X86_CPUID_POLICY', 'X86_MSR_POLICY']);
const NEEDED_PV: readonly Type[] = ['X86_PV_INFO', 'X86_PV_P2M_FRAMES', 'PAGE_DATA', 'X86_TSC_INFO', 'SHARED_INFO'];
const NEEDED_HVM: readonly Type[] = ['PAGE_DATA', 'X86_TSC_INFO', 'HVM_CONTEXT', 'HVM_PARAMS'];

export class SequenceRules {
  readonly #problems: Problems;
  /** What is unusual and sound. */
  readonly notes: string[] = [];
  readonly #seen = new Set<Type>();
  #version: 2 | 3 = 3;
  #pv = true;
  #libxcContexts = 0;
  #converted = false;
  #configType: string | null = null;
  #last: Type | null = null;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  take(item: PlacedItem): void {
    switch (item.kind) {
      case 'xl-header':
        this.#config(item);
        break;
      case 'libxl-header':
        this.#converted = (item.options & LIBXL_OPTION.convertedLegacy) !== 0;
        break;
      case 'libxl-record':
        this.#libxl(item);
        break;
      case 'image-header':
        this.#version = item.version;
        break;
      case 'domain-header':
        this.#domain(item);
        break;
      case 'record':
        this.#record(item);
        break;
    }
  }

  #config({ config, offset }: Item<'xl-header'>): void {
    const problem = configProblem(config);
    if (typeof problem === 'string') this.#problems.add(offset, 'xl configuration', problem);
    else this.#configType = problem.type;
  }

  #domain({ offset, domainType, xenMajor }: Item<'domain-header'>): void {
    this.#pv = domainType === 'x86 PV';
    const bad = (reason: string) => this.#problems.add(offset, 'domain header', reason);
    if (this.#converted && xenMajor !== 0) {
      bad(`libxl calls it converted from a legacy stream; the converter writes Xen 0, and this is Xen ${xenMajor}`);
    }
    if (this.#configType !== null && (this.#configType === 'pv') !== this.#pv) {
      bad(`it is an ${domainType} domain, and its configuration says '${this.#configType}'`);
    }
  }

  #libxl({ record, offset }: Item<'libxl-record'>): void {
    const bad = (reason: string) => this.#problems.add(offset, `libxl ${record.type}`, reason);
    switch (record.type) {
      case 'LIBXC_CONTEXT':
        this.#libxcContexts++;
        if (this.#libxcContexts > 1) bad('it comes twice; a file has one image');
        break;
      case 'CHECKPOINT_END':
      case 'CHECKPOINT_STATE':
        bad('it belongs to a checkpointed stream (Remus, COLO), not to a file');
        break;
      case 'EMULATOR_CONTEXT':
      case 'EMULATOR_XENSTORE_DATA':
      case 'END':
        if (this.#libxcContexts === 0) bad('it comes before LIBXC_CONTEXT');
        break;
    }
  }

  #record({ record, offset }: Item<'record'>): void {
    const { type } = record;
    const bad = (reason: string) => this.#problems.add(offset, type, reason);
    const notInFiles = NOT_IN_FILES.get(type);
    if (notInFiles !== undefined) bad(notInFiles);
    if ((this.#pv ? HVM_ONLY : PV_ONLY).has(type))
      bad(`an ${this.#pv ? 'x86 PV' : 'x86 HVM'} domain has no such record`);
    if (ONCE.has(type) && this.#seen.has(type)) bad('it comes twice');
    for (const needed of AFTER[type] ?? []) {
      if (!this.#seen.has(needed) && (this.#pv || !PV_ONLY.has(needed))) bad(`it comes before ${needed}`);
    }
    for (const later of BEFORE[type] ?? []) if (this.#seen.has(later)) bad(`it comes after ${later}`);
    if (this.#version === 2 && VERSION_3.has(type)) bad('version 2 of the stream has no such record');
    if (this.#last === 'VERIFY' && type !== 'PAGE_DATA') bad('VERIFY has no pages behind it');
    if (type === 'PAGE_DATA' || type === 'X86_PV_P2M_FRAMES') this.#dynamic(type, bad);
    if (record.type === 'OPTIONAL') {
      this.notes.push(
        `offset ${offset}: optional record 0x${record.number.toString(16)} is not known, and passed over`,
      );
    }
    if (type === 'END') this.#end(bad);
    this.#seen.add(type);
    this.#last = type;
  }

  /** Static data ends before the first record of the domain's own. */
  #dynamic(type: 'PAGE_DATA' | 'X86_PV_P2M_FRAMES', bad: (reason: string) => void): void {
    if (this.#seen.has(type)) return;
    if (this.#version === 3 && !this.#seen.has('STATIC_DATA_END')) bad('it comes before STATIC_DATA_END');
    if (this.#pv && type === 'PAGE_DATA' && !this.#seen.has('X86_PV_P2M_FRAMES'))
      bad('it comes before X86_PV_P2M_FRAMES');
  }

  #end(bad: (reason: string) => void): void {
    for (const needed of this.#pv ? NEEDED_PV : NEEDED_HVM) if (!this.#seen.has(needed)) bad(`there is no ${needed}`);
  }
}
