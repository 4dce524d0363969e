/**
 * The lines of the coordinator's journal: one a transition of a migration. The line 'committed' is the point of no return:
 * the guest is the target's from the moment that line is durable, whatever fails afterwards. A migration without such a
 * line never happened (presumed abort), so no other line of a migration has to be waited for. 'opened' is waited for
 * before anybody is welcomed: two coordinators must never have the same epoch.
 */
import { type Static, type TProperties, Type } from 'typebox';
import { Code, closed, Decision, DomainName, Epoch, Name, oneOf, Sha256, Text, TrueTime } from './control/fields.ts';
import { SkewbedError } from './errors.ts';
import { jsonForm } from './json-form.ts';

const line = <const K extends string, P extends TProperties>(kind: K, properties: P) =>
  closed({ line: Type.Literal(kind), epoch: Epoch, migration: Name, at: TrueTime, ...properties });

const Line = Type.Union([
  /** A coordinator started on this journal: `epoch` is one more than the greatest before it. */
  closed({ line: Type.Literal('opened'), epoch: Epoch, at: TrueTime }),
  line('begun', { domain: DomainName, from: Name, to: Name }),
  line('committed', {
    domain: DomainName,
    from: Name,
    to: Name,
    suspendAt: TrueTime,
    runAt: TrueTime,
    sha256: Sha256,
  }),
  line('ended', {}),
  /** A person decided against this journal, or about a guest that was lost: no order is given any more. */
  line('resolved', { side: oneOf('source', 'target'), decision: Decision }),
  line('aborted', { code: Code, why: Text }),
]);

export type JournalLine = Static<typeof Line>;
export type CommittedLine = Extract<JournalLine, { line: 'committed' }>;

const form = jsonForm(Line, 'bad-journal');

/** The text of a line, without its end. */
export function journalText(written: JournalLine): string {
  return JSON.stringify(form.toJson(written));
}

/** Throws 'bad-journal' on a text that is no line of a journal. */
export function readJournalLine(text: string, where: string): JournalLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SkewbedError('bad-journal', `${where} is no JSON: restore the journal from a copy`, where);
  }
  return form.fromJson(json, where);
}
