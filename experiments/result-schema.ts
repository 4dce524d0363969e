/**
 * The result of a run as JSON (design section 8): other people's scripts read it. Figures are seconds, null is "never
 * within the run", a probe that did not look is left out. `schema` changes when a key changes its meaning.
 */
import Type from 'typebox';

const strict = { additionalProperties: false };
const Length = Type.Union([Type.Number(), Type.Null()]);
const Sleep = Type.Object({ late: Length, early: Type.Number() }, strict);
const Probe = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Optional(Type.Object(properties, strict));

export const RESULT_SCHEMA = 1;

export const ResultSchema = Type.Object(
  {
    schema: Type.Literal(RESULT_SCHEMA),
    scenario: Type.String(),
    testbed: Type.String(),
    seed: Type.Integer(),
    scale: Type.Number(),
    kernel: Type.String(),
    restore: Type.String(),
    patches: Type.Array(Type.String()),
    fault: Type.Enum(['confirmed', 'mismatch', 'inconclusive']),
    verdict: Type.String(),
    also: Type.Array(Type.String()),
    mechanism: Type.String(),
    evidence: Type.Array(
      Type.Object(
        {
          variable: Type.String(),
          /** Seconds on the clock that it waits on, as text with three decimals. */
          holds: Type.String(),
          waitsOn: Type.String(),
          /** How long it held. */
          freedAfter: Length,
        },
        strict,
      ),
    ),
    probes: Type.Object(
      {
        newSleep: Type.Optional(Sleep),
        oldSleep: Type.Optional(Sleep),
        date: Probe({ stuckFor: Length, step: Type.Number(), aheadOfHost: Type.Number() }),
        monotonic: Probe({ stuckFor: Length, leap: Type.Number() }),
        jiffies: Probe({ stuckFor: Length }),
        cpuLoop: Probe({ ran: Type.Boolean() }),
        netEcho: Probe({ ok: Type.Boolean() }),
        schedClock: Probe({ stuckFor: Length, leap: Type.Number() }),
        vcpu: Probe({ blockedFor: Length }),
        console: Type.Array(Type.String()),
      },
      strict,
    ),
    sleeps: Type.Array(Type.Object({ length: Type.Number(), armed: Type.Number(), returnedAfter: Length }, strict)),
    downtime: Type.Object(
      { lo: Type.Number(), hi: Type.Number(), parts: Type.Record(Type.String(), Type.Number()) },
      strict,
    ),
    historySha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    replay: Type.String(),
  },
  strict,
);

export type Result = Type.Static<typeof ResultSchema>;
