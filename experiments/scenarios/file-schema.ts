/**
 * The scenario file as a typebox schema: which keys there are, which are required, and the form of each text.
 * What a text means (durations, kernels, hosts that exist) is checked by scenario-file.ts, which knows lines and columns.
 * Each `description` says what is wanted, in the words of an error message.
 */

import { DOMAIN_PAGES_MAX } from '@skewbed/proto/limits.ts';
import Type from 'typebox';
import { TransferInFile } from './file-transfer.ts';
import { RESTORE_POLICIES } from './scenario.ts';

const strict = { additionalProperties: false };
const wanted = (description: string) => ({ description });
const oneOf = (words: readonly string[]) => Type.Enum([...words], wanted(`one of ${words.join(', ')}`));

const DURATION = 'a duration with a unit, such as 250ms, 30s or 41d3h';
const SIGNED = `${DURATION}, with a sign`;
const NAME = '^[a-z0-9][a-z0-9-]{0,63}$';

const duration = Type.String(wanted(DURATION));

const pages = (what: string) =>
  Type.Integer({ minimum: 0, maximum: DOMAIN_PAGES_MAX, ...wanted(`a whole number: ${what}`) });

const Guest = Type.Object(
  {
    kernel: Type.String(wanted("a kernel's name")),
    build: Type.Optional(oneOf(['smp', 'up'])),
    vcpus: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 32, ...wanted('a whole number from 1 to 32 (vcpu_info has 32 places)') }),
    ),
    memory: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,6}(KiB|MiB|GiB)$', ...wanted('a size such as 16MiB') }),
    ),
    hz: Type.Optional(Type.Integer(wanted('100, 250 or 1000'))),
    reader: Type.Optional(oneOf(['off', 'each-tick'])),
    writerPages: Type.Optional(pages('pages that the page writer goes round')),
    writerRate: Type.Optional(pages('pages that it writes each tick')),
  },
  strict,
);

const Host = Type.Object(
  {
    wall: Type.String(wanted('a UTC time such as 2008-11-27T08:21:44Z, or a signed duration such as -598s')),
    uptime: Type.String(wanted(DURATION)),
    ntp: Type.Optional(Type.String(wanted('off, or a period such as 60s'))),
    domctl51: Type.Optional(Type.Boolean(wanted('true or false'))),
  },
  strict,
);

const Move = Type.Object(
  {
    kind: oneOf(['migrate', 'save-restore', 'none']),
    from: Type.Optional(Type.String(wanted("a host's name"))),
    to: Type.Optional(Type.String(wanted("a host's name"))),
    downtime: Type.Optional(duration),
  },
  strict,
);

const Event = Type.Object(
  { at: duration, host: Type.String(wanted("a host's name")), settime: Type.String(wanted(`exact, or ${SIGNED}`)) },
  strict,
);
const armed = Type.Optional(Type.String(wanted(`${DURATION}; a leading - means before the stop`)));
const Sleep = Type.Object({ length: duration, armed }, strict);
const Timer = Type.Object(
  { kind: oneOf(['absolute-realtime', 'futex-wait', 'futex-lock-pi', 'schedule-timeout']), length: duration, armed },
  strict,
);

const Expect = Type.Object(
  {
    verdict: Type.Optional(Type.String(wanted('a verdict'))),
    mechanism: Type.Optional(
      Type.String({
        pattern: '^(none|(M0|M1|M2|M2b|M3|M4)(\\+(M0|M1|M2|M2b|M3|M4))*)$',
        ...wanted('none, M0 to M4, or a sum such as M2+M2b'),
      }),
    ),
    late: Type.Optional(duration),
  },
  strict,
);

/** The whole file. */
export const ScenarioFile = Type.Object(
  {
    scenario: Type.String({
      pattern: NAME,
      ...wanted("small letters, digits and '-', at most 64: it becomes a folder's name"),
    }),
    question: Type.Optional(Type.String(wanted('a sentence'))),
    source: Type.Optional(Type.String(wanted('a sentence'))),
    guest: Guest,
    hosts: Type.Record(Type.String(), Host),
    move: Move,
    restore: Type.Optional(oneOf(RESTORE_POLICIES)),
    migration: Type.Optional(TransferInFile),
    patches: Type.Optional(Type.Array(Type.String(wanted("a patch's name")), wanted('a list of patch names'))),
    reader: Type.Optional(oneOf(['off', 'each-tick'])),
    events: Type.Optional(Type.Array(Event, wanted('a list of { at, host, settime }'))),
    sleeps: Type.Optional(Type.Array(Sleep, wanted('a list of { length, armed }'))),
    timers: Type.Optional(Type.Array(Timer, wanted('a list of { kind, length, armed }'))),
    expect: Type.Optional(Expect),
  },
  strict,
);

export type ScenarioFile = Type.Static<typeof ScenarioFile>;
