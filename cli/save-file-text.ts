/** A save file for people: the records as they follow each other, then what they say. Shared by inspect, verify, diff. */
import type { Diff, Whose } from '@skewbed/experiments/save-files/diff.ts';
import type { Inspection } from '@skewbed/experiments/save-files/inspect.ts';
import type { Problem } from '@skewbed/experiments/save-files/problem.ts';
import type { RecordView } from '@skewbed/experiments/save-files/record-view.ts';
import { say, styled, table } from './terminal.ts';

/** What inspect prints. */
export function sayInspection(file: string, seen: Inspection): void {
  say(`${styled('bold', file)}  ${seen.bytes} bytes`);
  sayHead(seen);
  say();
  say(table(['offset', 'layer', 'record', 'length', 'says'], recordRows(seen.records)));
  sayMemory(seen);
  sayShared(seen);
  for (const vcpu of seen.vcpus) sayVcpu(vcpu);
  if (seen.xl !== null) {
    say(`\n${styled('bold', 'configuration')}`);
    say(typeof seen.xl.config === 'string' ? seen.xl.config : JSON.stringify(seen.xl.config, null, 2));
  }
  if (seen.problem !== null) {
    say(`\n${styled('red', 'It breaks here:')} ${problemText(seen.problem)}`);
  }
}

/** offset 12, X86_PV_INFO: why */
export const problemText = ({ offset, record, reason }: Problem): string => `offset ${offset}, ${record}: ${reason}`;

const WHOSE: Readonly<Record<Whose, string>> = { guest: "the guest's", frame: "the file's", host: "the host's" };

/** What diff prints. */
export function sayDiff({ differences, counts, identical, sameGuest }: Diff): void {
  const shown = differences.map(({ whose, where, left, right }) => [WHOSE[whose], where, left, right]);
  if (shown.length > 0) say(table(['whose', 'where', 'left', 'right'], shown));
  const more = counts.guest + counts.frame + counts.host - shown.length;
  if (more > 0) say(`... and ${more} more`);
  const all = `${counts.guest} of the guest, ${counts.frame} of the file, ${counts.host} of the host`;
  if (identical) say(styled('green', 'The two are the same.'));
  else say(`${sameGuest ? styled('green', 'The same guest.') : styled('red', 'They differ.')} Differences: ${all}.`);
}

function sayHead({ libxl, image, domain, guest, skewbed }: Inspection): void {
  if (libxl !== null)
    say(`libxl stream version ${libxl.version}, little-endian${libxl.convertedLegacy ? ', converted' : ''}`);
  if (image !== null) say(`libxc image version ${image.version}, little-endian`);
  if (domain !== null) {
    const by = domain.xenMajor === 0 ? 'the legacy converter' : `Xen ${domain.xenMajor}.${domain.xenMinor}`;
    const bits = guest === null ? '' : `, ${8 * guest.widthBytes}-bit, ${guest.ptLevels} levels of page tables`;
    say(`${domain.type} domain${bits}, saved by ${by}`);
  }
  if (skewbed !== null) {
    say(
      `guest of Skewbed: ${skewbed.name}, kernel ${skewbed.kernel}, ${skewbed.hz} Hz, patches ${skewbed.patches.join(', ') || 'none'}`,
    );
  }
}

const NAMED_BEFORE = new Set(['offset', 'layer', 'type', 'length']);

/** One row a record; a run of PAGE_DATA is one row. */
function recordRows(records: readonly RecordView[]): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at < records.length; at++) {
    const record = records[at]!;
    let last = at;
    while (record.type === 'PAGE_DATA' && records[last + 1]?.type === 'PAGE_DATA') last++;
    const run = records.slice(at, last + 1);
    at = last;
    if (run.length > 1) {
      const pages = run.reduce((sum, each) => sum + Number(each.pages), 0);
      const length = run.reduce((sum, each) => sum + each.length, 0);
      rows.push([`${record.offset}`, record.layer, `PAGE_DATA x ${run.length}`, `${length}`, `pages ${pages}`]);
    } else {
      const says = Object.entries(record).filter(([name]) => !NAMED_BEFORE.has(name));
      rows.push([
        `${record.offset}`,
        record.layer,
        record.type,
        `${record.length}`,
        says.map(([name, value]) => `${name} ${value}`).join(', '),
      ]);
    }
  }
  return rows;
}

const FRAMES_NAMED = 8;

function sayMemory({ pages, p2m, startInfo, tsc }: Inspection): void {
  if (pages.total > 0) {
    const types = Object.entries(pages.types).map(([type, count]) => `${type} ${count}`);
    say(
      `\n${styled('bold', 'pages')}  ${pages.total}, with data ${pages.withData}, all zero ${pages.zero}: ${types.join(', ')}`,
    );
  }
  if (p2m !== null) {
    const more = p2m.frames.length > FRAMES_NAMED ? `, ... (${p2m.frames.length})` : '';
    const frames = `${p2m.frames.slice(0, FRAMES_NAMED).join(', ')}${more}`;
    say(
      `${styled('bold', 'p2m')}    pfn ${p2m.startPfn} to ${p2m.endPfn}, kept at pfn ${frames}; ${p2m.mapped} entries, mfn ${p2m.lowestMfn} to ${p2m.highestMfn}`,
    );
  }
  if (startInfo !== null) {
    const fields = Object.entries(startInfo.fields ?? {}).map(([name, value]) => `${name} ${value}`);
    say(`${styled('bold', 'start_info')}  pfn ${startInfo.pfn}: ${fields.join(', ') || 'no start_info there'}`);
  }
  if (tsc !== null) {
    say(
      `${styled('bold', 'TSC')}    mode ${tsc.mode} (${tsc.modeName}), ${tsc.khz} kHz, ${tsc.nsec} ns, incarnation ${tsc.incarnation}`,
    );
  }
}

function sayShared({ sharedInfo }: Inspection): void {
  if (sharedInfo === null) return;
  const { wallclock, arch, events, vcpuInfo } = sharedInfo;
  say(`\n${styled('bold', 'shared_info')}`);
  say(
    `  wc_version ${wallclock.version}, wc_sec ${wallclock.sec}, wc_nsec ${wallclock.nsec}, wc_sec_hi ${wallclock.secHi}  (${wallclock.utc} at system time 0)`,
  );
  say(
    `  max_pfn ${arch.maxPfn}, pfn_to_mfn_frame_list_list ${arch.pfnToMfnFrameListList}, nmi_reason ${arch.nmiReason}`,
  );
  say(`  p2m_cr3 ${arch.p2mCr3}, p2m_vaddr ${arch.p2mVaddr}, p2m_generation ${arch.p2mGeneration}`);
  say(`  events pending ${events.pending.join(', ') || 'none'}; masked ${events.masked} of 4096`);
  for (const { vcpu, upcallPending, upcallMask, pendingSel, cr2, time } of vcpuInfo) {
    say(
      `  vcpu_info[${vcpu}]  upcall_pending ${upcallPending}, upcall_mask ${upcallMask}, pending_sel ${pendingSel}, cr2 ${cr2}`,
    );
    say(
      `    time  version ${time.version}, tsc_timestamp ${time.tscTimestamp}, system_time ${time.systemTime}, mul 0x${time.tscToSystemMul.toString(16)}, shift ${time.tscShift}, flags ${time.flags.join(' ') || '0'}`,
    );
  }
}

function sayVcpu({ vcpu, registers, extendedBytes, xsaveBytes, msrs }: Inspection['vcpus'][number]): void {
  say(`\n${styled('bold', `vCPU ${vcpu}`)}  extended ${extendedBytes} bytes, xsave ${xsaveBytes} bytes, ${msrs} MSRs`);
  if (registers === null) {
    say('  a 32-bit context, whose registers are not told');
    return;
  }
  const row = (fields: Readonly<Record<string, string>>) =>
    Object.entries(fields)
      .map(([name, value]) => `${name} ${value}`)
      .join('  ');
  const numbered = (name: string, values: readonly string[]) =>
    row(Object.fromEntries(values.map((value, index) => [`${name}${index}`, value])));
  const words = Object.entries(registers.registers);
  for (let at = 0; at < words.length; at += 6) say(`  ${row(Object.fromEntries(words.slice(at, at + 6)))}`);
  say(`  ${row(registers.selectors)}  flags ${registers.flags}`);
  say(`  ${numbered('cr', registers.ctrlreg)}`);
  say(`  ${numbered('dr', registers.debugreg)}`);
  say(
    `  cr3 is pfn ${registers.cr3Pfn}, user cr3 ${registers.userCr3Pfn === null ? 'none' : `pfn ${registers.userCr3Pfn}`}, GDT ${registers.gdtEntries} entries at pfn ${registers.gdtPfns.join(', ') || 'none'}`,
  );
  say(
    `  kernel_ss ${registers.kernelSs}  kernel_sp ${registers.kernelSp}  fs_base ${registers.fsBase}  gs_base_kernel ${registers.gsBaseKernel}  gs_base_user ${registers.gsBaseUser}`,
  );
  say(
    `  callbacks event ${registers.callbacks.event}, failsafe ${registers.callbacks.failsafe}, syscall ${registers.callbacks.syscall}; ${registers.traps} trap handlers; vm_assist ${registers.vmAssist}`,
  );
}
