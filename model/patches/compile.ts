/**
 * Puts patches into the operation tables: of a host once, when it starts, and of a guest kernel when the guest is built
 * (the names then travel in the guest's memory, as a kernel image would).
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { GuestTimeOps, Kernel } from '../guest/kernel.ts';
import { SAVE_OPS, type SaveOps } from '../migration/toolstack-ops.ts';
import type { HostConfig } from '../xen/host-event.ts';
import { type DomctlTable, domctlTable, HYPERVISOR_TIME_OPS, type HypervisorTimeOps } from '../xen/hypervisor-ops.ts';
import type { Patch } from './patch.ts';
import { PATCHES, patchNamed } from './registry.ts';

/** A host's tables. */
export type HostPatches = {
  readonly time: HypervisorTimeOps;
  readonly save: SaveOps;
  readonly domctl: DomctlTable;
  /** The toolstack's and hypervisor's patches, for the tables that are made per migration. */
  readonly list: readonly Patch[];
};

/** The tables of a host with its patches in. Throws for unknown names, guest-side patches and a clash of numbers. */
export function hostPatches(config: HostConfig): HostPatches {
  const list = config.patches.map((name) => named(name));
  const wrong = list.find((patch) => patch.side === 'guest');
  if (wrong !== undefined) {
    throw new SkewbedError(
      'bad-argument',
      `host ${config.name}: '${wrong.name}' patches a guest kernel; name it in the guest's patches`,
    );
  }
  const domctl = domctlTable({ machineAddressSize: config.domctl51 });
  for (const patch of list) patch.domctl?.(domctl, config.name);
  return {
    time: wrap(
      HYPERVISOR_TIME_OPS,
      list.map((patch) => patch.hypervisorTime),
    ),
    save: wrap(
      SAVE_OPS,
      list.map((patch) => patch.save),
    ),
    domctl,
    list,
  };
}

/** A kernel with guest-side patches compiled in, in the order of their names in the list. */
export function guestKernel(kernel: Kernel, names: readonly string[]): Kernel {
  const list = names.map((name) => named(name));
  for (const patch of list) {
    if (patch.side !== 'guest') {
      throw new SkewbedError(
        'bad-argument',
        `guest patch '${patch.name}' is a patch of the ${patch.side}; name it in the hosts' patches`,
      );
    }
    if (!appliesTo(patch, kernel.name)) {
      throw new SkewbedError(
        'bad-argument',
        `patch '${patch.name}' does not apply to ${kernel.name}; it applies to ${patch.kernels?.join(', ')}`,
      );
    }
  }
  return {
    ...kernel,
    ops: wrap<GuestTimeOps>(
      kernel.ops,
      list.map((patch) => patch.guestTime),
    ),
  };
}

/** Whether a patch has anything to change in this kernel, or is not about kernels at all. */
export const appliesTo = (patch: Patch, kernel: Kernel['name']): boolean => patch.kernels?.includes(kernel) ?? true;

/** Wraps a table by one function after the other. */
export function wrap<T extends object>(base: T, effects: readonly (((base: T) => Partial<T>) | undefined)[]): T {
  let table = base;
  for (const effect of effects) if (effect !== undefined) table = { ...table, ...effect(table) };
  return table;
}

function named(name: string): Patch {
  const patch = patchNamed(name);
  if (patch === undefined) {
    throw new SkewbedError(
      'not-found',
      `there is no patch '${name}'; there are ${PATCHES.map((p) => p.name).join(', ')}`,
    );
  }
  return patch;
}
