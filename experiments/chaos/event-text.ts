/** An event as one line of text, quickly: equal for equal events. Not the text of history.jsonl, whose making costs more. */
import type { HistoryEvent } from '@skewbed/proto/history.ts';

/** Every key and value, in order. */
export const eventText = (event: HistoryEvent): string =>
  JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
