/** The seven kernels of facts K.1, by name. */
import type { KernelName } from '../../xen/host-event.ts';
import type { Kernel } from '../kernel.ts';
import { pvops2627 } from './pvops-2.6.27.ts';
import { pvops2635 } from './pvops-2.6.35.ts';
import { pvops612 } from './pvops-6.12.ts';
import { suse2625 } from './suse-2.6.25.ts';
import { suse2631 } from './suse-2.6.31.ts';
import { xenlinux } from './xenlinux-2.6.18.ts';
import { xenlinux2007 } from './xenlinux-2.6.18-2007.ts';

export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  'xenlinux-2.6.18-2007': xenlinux2007,
  'xenlinux-2.6.18': xenlinux,
  'suse-2.6.25': suse2625,
  'suse-2.6.31': suse2631,
  'pvops-2.6.27': pvops2627,
  'pvops-2.6.35': pvops2635,
  'pvops-6.12': pvops612,
};

export const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[];
