/** The fields of a saved shared_info page of a 64-bit guest as plain data. Nanoseconds and 64-bit words are text. */
import {
  EVENT_CHANNELS,
  isEventMasked,
  isEventPending,
  readArch,
  SHARED_INFO,
} from '@skewbed/model/xen/shared-info.ts';
import { TIME_FLAG, TIME_RECORD, VCPU_INFO, VCPU_INFO_BYTES, viewOf } from '@skewbed/model/xen/vcpu-info.ts';
import { VCPUS_MAX } from '@skewbed/proto/limits.ts';

export type TimeRecordView = {
  readonly version: number;
  readonly tscTimestamp: string;
  readonly systemTime: string;
  readonly tscToSystemMul: number;
  readonly tscShift: number;
  readonly flags: readonly string[];
};
export type VcpuInfoView = {
  readonly vcpu: number;
  readonly upcallPending: number;
  readonly upcallMask: number;
  readonly pendingSel: string;
  readonly cr2: string;
  readonly time: TimeRecordView;
};
export type SharedInfoView = {
  readonly wallclock: {
    readonly version: number;
    readonly sec: number;
    readonly nsec: number;
    readonly secHi: number;
    /** UTC at system time 0, as a date. */
    readonly utc: string;
  };
  readonly arch: {
    readonly maxPfn: string;
    readonly pfnToMfnFrameListList: string;
    readonly nmiReason: string;
    readonly p2mCr3: string;
    readonly p2mVaddr: string;
    readonly p2mGeneration: string;
  };
  readonly events: { readonly pending: readonly number[]; readonly masked: number };
  /** Those that hold more than the mask which a vCPU begins with. Linux moves its own out of this page early in boot: then this is what it left behind. */
  readonly vcpuInfo: readonly VcpuInfoView[];
};

/** Event channels that are named one by one. */
const PORTS_NAMED = 64;
const DATE_MAX_SECONDS = 8_640_000_000_000;

/** The fields of the page. */
export function sharedInfoView(page: Uint8Array): SharedInfoView {
  const view = viewOf(page);
  const arch = readArch(page);
  const sec = view.getUint32(SHARED_INFO.wcSec, true);
  const secHi = view.getUint32(SHARED_INFO.wcSecHi, true);
  return {
    wallclock: {
      version: view.getUint32(SHARED_INFO.wcVersion, true),
      sec,
      nsec: view.getUint32(SHARED_INFO.wcNsec, true),
      secHi,
      utc: dateText(view.getInt32(SHARED_INFO.wcSecHi, true) * 2 ** 32 + sec),
    },
    arch: {
      maxPfn: `${arch.maxPfn}`,
      pfnToMfnFrameListList: hexText(arch.pfnToMfnFrameListList),
      nmiReason: hexText(arch.nmiReason),
      p2mCr3: hexText(arch.p2mCr3),
      p2mVaddr: hexText(arch.p2mVaddr),
      p2mGeneration: `${arch.p2mGeneration}`,
    },
    events: {
      pending: ports((port) => isEventPending(page, port)),
      masked: Array.from({ length: EVENT_CHANNELS }, (_, port) => port).filter((port) => isEventMasked(page, port))
        .length,
    },
    vcpuInfo: Array.from({ length: VCPUS_MAX }, (_, vcpu) => vcpu)
      .filter((vcpu) =>
        page
          .subarray(vcpu * VCPU_INFO_BYTES, (vcpu + 1) * VCPU_INFO_BYTES)
          .some((byte, at) => byte !== 0 && at !== VCPU_INFO.evtchnUpcallMask),
      )
      .map((vcpu) => vcpuInfo(view, vcpu)),
  };
}

function vcpuInfo(view: DataView, vcpu: number): VcpuInfoView {
  const at = vcpu * VCPU_INFO_BYTES;
  const time = at + VCPU_INFO.time;
  const flags = view.getUint8(time + TIME_RECORD.flags);
  return {
    vcpu,
    upcallPending: view.getUint8(at + VCPU_INFO.evtchnUpcallPending),
    upcallMask: view.getUint8(at + VCPU_INFO.evtchnUpcallMask),
    pendingSel: hexText(view.getBigUint64(at + VCPU_INFO.evtchnPendingSel, true)),
    cr2: hexText(view.getBigUint64(at + VCPU_INFO.archCr2, true)),
    time: {
      version: view.getUint32(time + TIME_RECORD.version, true),
      tscTimestamp: `${view.getBigUint64(time + TIME_RECORD.tscTimestamp, true)}`,
      systemTime: `${view.getBigUint64(time + TIME_RECORD.systemTime, true)}`,
      tscToSystemMul: view.getUint32(time + TIME_RECORD.tscToSystemMul, true),
      tscShift: view.getInt8(time + TIME_RECORD.tscShift),
      flags: Object.entries(TIME_FLAG).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : [])),
    },
  };
}

function ports(is: (port: number) => boolean): number[] {
  const found: number[] = [];
  for (let port = 0; port < EVENT_CHANNELS && found.length < PORTS_NAMED; port++) if (is(port)) found.push(port);
  return found;
}

const hexText = (value: bigint): string => `0x${value.toString(16)}`;

/** A date as people write it, or seconds where a calendar ends. */
const dateText = (seconds: number): string =>
  Math.abs(seconds) > DATE_MAX_SECONDS ? `${seconds} s since 1970` : new Date(seconds * 1000).toISOString();
