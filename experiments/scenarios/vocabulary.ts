/**
 * The names that a scenario may use for patches and kernels, checked with the list in the message.
 * Which patches there are, and to which kernels they apply, is the registry's to say (model/patches).
 */

import { PATCHES, patchNamed } from '@skewbed/model/patches/registry.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { hintAmong } from './closest-name.ts';
import { KERNEL_NAMES } from './scenario.ts';

/** Every patch's name, the ones for tests too. */
export const patchNames = (): readonly string[] => PATCHES.map((patch) => patch.name);

/** Whether this patch changes something for a guest of this kernel. Patches of the host apply to every kernel. */
export function patchApplies(name: string, kernel: KernelName): boolean {
  const kernels = patchNamed(name)?.kernels;
  return kernels === undefined || kernels.includes(kernel);
}

/** What is wrong with a kernel's name, or undefined. */
export function kernelProblem(name: string): string | undefined {
  if ((KERNEL_NAMES as readonly string[]).includes(name)) return undefined;
  return `there is no kernel '${name}'${hintAmong(name, KERNEL_NAMES)}`;
}

/** What is wrong with a patch's name for this kernel, or undefined. */
export function patchProblem(name: string, kernel: KernelName): string | undefined {
  const patch = patchNamed(name);
  if (patch === undefined) return `there is no patch '${name}'${hintAmong(name, patchNames())}`;
  if (patchApplies(name, kernel)) return undefined;
  return `the patch '${name}' does not apply to ${kernel}; it is for ${patch.kernels?.join(', ')}: choose one of these kernels or leave the patch out`;
}

/** The patches of one side, in the order given: the guest's are compiled into it, the others belong to the hosts. */
export function patchesOf(side: 'guest' | 'host', names: readonly string[]): readonly string[] {
  return names.filter((name) => (patchNamed(name)?.side === 'guest') === (side === 'guest'));
}
