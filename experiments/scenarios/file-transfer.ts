/**
 * The key `migration` of a scenario file: how the guest's memory is carried. Without it the guest stops first and goes in
 * one piece, so that nothing but the clocks plays a part. With a pre-copy the guest still stops at its ordered instant;
 * the pre-copy begins when the run does.
 */
import { STOP_AND_COPY, type Transfer } from '@skewbed/proto/control/transfer.ts';
import { PRECOPY_ROUNDS_MAX, TRANSFER_BANDWIDTH_MIN } from '@skewbed/proto/limits.ts';
import { NS_PER_MS } from '@skewbed/proto/units.ts';
import Type from 'typebox';
import { readPositive } from './file-texts.ts';
import type { YamlSource } from './yaml-source.ts';

/** How the memory may be carried, by name. */
export const PRECOPY_POLICIES = [
  'stop-and-copy',
  'xen',
  'qemu',
  'fixed-rounds',
] as const satisfies readonly Transfer['precopy']['policy'][];
export type PrecopyPolicy = (typeof PRECOPY_POLICIES)[number];
const DURATION = 'a duration with a unit, such as 300ms';
/** DEFAULT_MIGRATE_SET_DOWNTIME of QEMU. */
const QEMU_DOWNTIME_LIMIT_NS = 300n * NS_PER_MS;
const DEFAULT_ROUNDS = 5;

const oneOf = (words: readonly string[]) => Type.Enum([...words], { description: `one of ${words.join(', ')}` });

export const TransferInFile = Type.Object(
  {
    policy: Type.Optional(oneOf(PRECOPY_POLICIES)),
    /** Of fixed-rounds. */
    rounds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: PRECOPY_ROUNDS_MAX, description: `0 to ${PRECOPY_ROUNDS_MAX}` }),
    ),
    /** Of qemu. */
    downtimeLimit: Type.Optional(Type.String({ description: DURATION })),
    autoConverge: Type.Optional(oneOf(['on', 'off'])),
    bandwidth: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,6}(KiB|MiB|GiB)$', description: 'a size a second, such as 32MiB' }),
    ),
    timeLimit: Type.Optional(Type.String({ description: DURATION })),
    verify: Type.Optional(oneOf(['off', 'every-page'])),
    via: Type.Optional(oneOf(['relay', 'direct'])),
  },
  { additionalProperties: false },
);
export type TransferInFile = Type.Static<typeof TransferInFile>;

const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** What a file says of its migration. A key that the policy does not look at is an error. */
export function readTransfer(source: YamlSource, written: TransferInFile): Transfer {
  const { bandwidth, timeLimit } = written;
  return {
    precopy: readPrecopy(source, written),
    verify: (written.verify as Transfer['verify'] | undefined) ?? STOP_AND_COPY.verify,
    via: (written.via as Transfer['via'] | undefined) ?? STOP_AND_COPY.via,
    bandwidth: bandwidth === undefined ? null : readBandwidth(source, bandwidth),
    timeLimitNs: timeLimit === undefined ? null : readPositive(source, ['migration', 'timeLimit'], timeLimit),
  };
}

function readPrecopy(source: YamlSource, written: TransferInFile): Transfer['precopy'] {
  const policy = (written.policy as PrecopyPolicy | undefined) ?? 'xen';
  const owner = { rounds: 'fixed-rounds', downtimeLimit: 'qemu', autoConverge: 'qemu' } as const;
  for (const key of Object.keys(owner) as (keyof typeof owner)[]) {
    if (written[key] !== undefined && owner[key] !== policy)
      source.fail(['migration', key], `'${key}' is for the policy ${owner[key]}, and this is ${policy}; leave it out`);
  }
  const precopy = precopyNamed(policy);
  switch (precopy.policy) {
    case 'stop-and-copy':
    case 'xen':
      return precopy;
    case 'fixed-rounds':
      return { ...precopy, rounds: written.rounds ?? precopy.rounds };
    case 'qemu': {
      const { downtimeLimit, autoConverge } = written;
      const downtimeLimitNs =
        downtimeLimit === undefined
          ? precopy.downtimeLimitNs
          : readPositive(source, ['migration', 'downtimeLimit'], downtimeLimit);
      return { ...precopy, downtimeLimitNs, autoConverge: autoConverge === 'on' ? 'on' : 'off' };
    }
    default:
      return precopy satisfies never;
  }
}

/** A policy of which nothing but the name was said. */
export function precopyNamed(policy: PrecopyPolicy): Transfer['precopy'] {
  switch (policy) {
    case 'stop-and-copy':
    case 'xen':
      return { policy };
    case 'fixed-rounds':
      return { policy, rounds: DEFAULT_ROUNDS };
    case 'qemu':
      return { policy, downtimeLimitNs: QEMU_DOWNTIME_LIMIT_NS, autoConverge: 'off' };
    default:
      return policy satisfies never;
  }
}

function readBandwidth(source: YamlSource, text: string): number {
  const bytes = Number.parseInt(text, 10) * (UNITS[text.slice(-3)] as number);
  if (bytes < TRANSFER_BANDWIDTH_MIN)
    source.fail(['migration', 'bandwidth'], `bandwidth is ${text} a second; write at least 64KiB`);
  return bytes;
}
