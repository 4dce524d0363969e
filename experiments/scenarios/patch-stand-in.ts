import type { KernelName } from '@skewbed/model/xen/host-event.ts';

type P = {
  readonly name: string;
  readonly side: 'toolstack' | 'hypervisor' | 'guest';
  readonly kernels?: readonly KernelName[];
  readonly testOnly?: true;
};
export const PATCHES: readonly P[] = [
  { name: 'song-2008', side: 'toolstack' },
  {
    name: 'independent-wallclock',
    side: 'guest',
    kernels: ['xenlinux-2.6.18-2007', 'xenlinux-2.6.18', 'suse-2.6.25', 'suse-2.6.31'],
  },
  { name: 'reset-monotonic-tv', side: 'guest', kernels: ['xenlinux-2.6.18'] },
  { name: 'reset-last-value', side: 'guest', kernels: ['pvops-2.6.35'] },
  { name: 'uptime-continuity', side: 'hypervisor' },
  { name: 'refuse-wall-behind', side: 'toolstack' },
];
export const patchNamed = (name: string): P | undefined => PATCHES.find((p) => p.name === name);
