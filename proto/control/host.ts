/**
 * What a host and a guest are made of, and what can be asked of a host, as schemas. The same shapes as the types of
 * model/xen/host-event.ts, which may not use this package; services/hypervisor-node holds the two together (typed).
 */
import { Type } from 'typebox';
import { DOMAIN_PAGES_MAX, HOST_FRAMES_MAX, PATCHES_MAX, VCPUS_MAX } from '../limits.ts';
import {
  closed,
  count,
  DomainName,
  Flag,
  HostWall,
  Int64,
  list,
  Name,
  Nanoseconds,
  oneOf,
  ShortText,
  Text,
  TrueTime,
} from './fields.ts';

export const Kernel = oneOf(
  'xenlinux-2.6.18-2007',
  'xenlinux-2.6.18',
  'suse-2.6.25',
  'suse-2.6.31',
  'pvops-2.6.27',
  'pvops-2.6.35',
  'pvops-6.12',
);

export const HostConfigFields = closed({
  name: Name,
  origin: TrueTime,
  wallSkew: ShortText,
  utcAtZeroNs: Nanoseconds,
  uptimeSkew: ShortText,
  ntpPeriodNs: Type.Union([Nanoseconds, Type.Null()]),
  tscHz: Int64,
  frames: count(HOST_FRAMES_MAX),
  mfnSalt: count(0xffff_ffff),
  patches: list(Name, PATCHES_MAX),
  domctl51: Flag,
});

export const DomainSpecFields = closed({
  name: DomainName,
  kernel: Kernel,
  build: oneOf('smp', 'up'),
  vcpus: Type.Integer({ minimum: 1, maximum: VCPUS_MAX }),
  pages: count(DOMAIN_PAGES_MAX),
  hz: Type.Integer({ minimum: 1, maximum: 1000 }),
  patches: list(Name, PATCHES_MAX),
  reader: oneOf('each-tick', 'off'),
  writerPages: count(DOMAIN_PAGES_MAX),
  writerRate: Type.Optional(count(DOMAIN_PAGES_MAX)),
});

const timerCall = <const W extends string>(call: W) =>
  closed({ call: Type.Literal(call), timer: ShortText, lengthNs: Nanoseconds });

export const GuestCallFields = Type.Union([
  timerCall('nanosleep'),
  timerCall('absolute-realtime'),
  timerCall('futex-wait'),
  timerCall('futex-lock-pi'),
  timerCall('schedule-timeout'),
  closed({ call: Type.Literal('echo') }),
  closed({ call: Type.Literal('cpu-loop') }),
  closed({ call: Type.Literal('settimeofday'), toNs: Nanoseconds }),
]);

export const SettimeToFields = Type.Union([
  closed({ kind: Type.Literal('absolute'), wallNs: HostWall }),
  closed({ kind: Type.Literal('relative'), byNs: Nanoseconds }),
]);

/** Events of host.step. `elapse` is not among them: a node lets time pass by itself. */
export const HostEventFields = Type.Union([
  closed({ type: Type.Literal('settime'), to: SettimeToFields, by: oneOf('ntp', 'date') }),
  closed({ type: Type.Literal('set-skew'), clock: oneOf('wall', 'uptime'), skew: ShortText }),
  closed({ type: Type.Literal('set-ntp'), periodNs: Type.Union([Nanoseconds, Type.Null()]) }),
  closed({ type: Type.Literal('create-domain'), spec: DomainSpecFields }),
  closed({ type: Type.Literal('unpause'), domain: DomainName }),
  closed({ type: Type.Literal('pause'), domain: DomainName }),
  closed({ type: Type.Literal('destroy'), domain: DomainName, why: Text }),
  closed({ type: Type.Literal('call-guest'), domain: DomainName, call: GuestCallFields }),
  closed({ type: Type.Literal('observe'), domain: DomainName }),
  closed({ type: Type.Literal('audit') }),
]);
