/**
 * Server-sent events: the history as it grows, for a browser's EventSource and for curl -N. The id of an event is its
 * number, so that whoever comes back goes on where it was. A watcher that reads too slowly is dropped, not waited for.
 */
import type { ServerResponse } from 'node:http';
import { Event } from '@skewbed/proto/control/event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { jsonForm } from '@skewbed/proto/json-form.ts';
import { EVENTS_PER_MESSAGE_MAX, WATCHER_QUEUE_MAX_BYTES, WATCHERS_MAX } from '@skewbed/proto/limits.ts';
import type { HistoryLog, HistoryPage } from '../core/history-log.ts';

/** A comment now and then keeps proxies from closing a quiet stream. */
const COMMENT_EVERY_MS = 15_000;

const form = jsonForm(Event, 'crash');

export class Watchers {
  readonly #history: HistoryLog;
  readonly #open = new Set<() => void>();

  constructor(history: HistoryLog) {
    this.#history = history;
  }

  /** Throws when there are too many. */
  admit(): void {
    if (this.#open.size < WATCHERS_MAX) return;
    throw new SkewbedError('limit-exceeded', `${WATCHERS_MAX} watchers are there already; close one`);
  }

  /** Writes events from number `from` on, until the other side goes. */
  serve(response: ServerResponse, from: number): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.write(': skewbed history\n\n');
    const write = (page: HistoryPage): void => {
      for (let at = 0; at < page.events.length; at++) response.write(textOf(page, at));
      if (response.writableLength > WATCHER_QUEUE_MAX_BYTES) response.destroy();
    };
    this.#catchUp(from, write);
    const unwatch = this.#history.watch(write);
    const beat = setInterval(() => response.write(':\n\n'), COMMENT_EVERY_MS);
    beat.unref();
    const end = (): void => {
      clearInterval(beat);
      unwatch();
      this.#open.delete(end);
      response.end();
    };
    this.#open.add(end);
    response.once('close', end);
  }

  close(): void {
    for (const end of [...this.#open]) end();
  }

  #catchUp(from: number, write: (page: HistoryPage) => void): void {
    for (let next = from; next < this.#history.next; ) {
      const page = this.#history.page(next, EVENTS_PER_MESSAGE_MAX);
      write(page);
      next = page.next;
    }
  }
}

function textOf(page: HistoryPage, at: number): string {
  const event = page.events[at];
  if (event === undefined) return '';
  return `id: ${page.first + at}\nevent: ${event.kind}\ndata: ${JSON.stringify(form.toJson(event))}\n\n`;
}
