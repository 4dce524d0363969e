/**
 * What a source sends, and when: the passes of a pre-copy, the last pass with END behind it, at most the credit ahead of
 * the target, no faster than its bandwidth and when it is its turn among the streams of this node, and now and then how
 * far it is. It decides nothing: that a pass was the last, or that everything is sent, is for the state machine around it
 * (source-migration.ts).
 */

import { encode } from '@skewbed/proto/codec.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { BATCH_RECORDS_MAX, STREAM_QUEUE_BYTES } from '@skewbed/proto/limits.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import type { Timer } from '@skewbed/runtime/ports/timers.ts';
import { BatchFlow } from './batch-flow.ts';
import { runsOfRecords, sendPages } from './page-batches.ts';
import type { SourceName, SourceParts } from './source-migration.ts';
import { SourceProgress } from './source-progress.ts';
import type { StreamSockets } from './stream-sockets.ts';
import type { Sender } from './turns.ts';

/** What is being sent: a pass while the guest runs, nothing because the policy has enough, or the last pass. */
export type Sending = 'pass' | 'nothing' | 'last-pass';
/** Why it does not send on: it waits for an acknowledgement, a socket or an instant; or this is all there is. */
export type Pumped = 'waits' | 'converged' | 'sent';

export class SourcePump {
  readonly #order: SourceName;
  readonly #parts: SourceParts;
  readonly #sockets: StreamSockets;
  readonly #flow: BatchFlow;
  readonly #progress: SourceProgress;
  /** Called when an instant has come that was waited for. */
  readonly #again: () => void;
  readonly #sender: { guest: Sender['guest']; readonly again: () => void };
  /** Bytes of the passes that are over. */
  #passBegan = 0;
  #pace: Timer | null = null;

  constructor(order: SourceName, parts: SourceParts, sockets: StreamSockets, again: () => void) {
    this.#order = order;
    this.#parts = parts;
    this.#sockets = sockets;
    this.#again = again;
    this.#sender = { guest: 'runs', again };
    const { precopy, bandwidth } = order.transfer;
    const keeping = precopy.policy === 'stop-and-copy' ? 'nothing' : 'until-acknowledged';
    this.#flow = new BatchFlow(order.migration, { keeping, bandwidth });
    this.#progress = new SourceProgress(order.migration, parts.preparedAt);
  }

  /** 'none': the order has no pre-copy. */
  startPrecopy(): 'precopy' | 'none' {
    const { driver, source } = this.#parts;
    const { precopy } = this.#order.transfer;
    if (precopy.policy === 'stop-and-copy') return 'none';
    return driver.actNow((at) => {
      this.#progress.started(at);
      this.#parts.turns.join(this.#sender);
      const started = source.startPrecopy(at, precopy);
      this.#flow.guestHas(source.progress?.totalPages ?? 0);
      return started;
    });
  }

  /** The stream is back: what the target has not applied goes once more. */
  resume(from: number): void {
    for (const message of this.#flow.resumeFrom(from)) this.#sockets.sendData(message);
  }

  /** The guest stands still since `at`. */
  suspended(at: TrueNs): void {
    this.#flow.lastPass();
    this.#pace?.cancel();
    this.#sender.guest = 'stopped';
    this.#parts.turns.join(this.#sender);
    // Who has ordered the instant, and no pre-copy, knows it.
    if (this.#parts.source.progress === null && this.#order.suspendAt !== null) return;
    const { migration, epoch } = this.#order;
    this.#sockets.sendControl(encode({ type: 'suspended', migration, epoch, at }));
  }

  limit(bandwidth: number | null): void {
    this.#flow.limit(bandwidth);
  }

  acknowledge(seq: number): void {
    this.#flow.acknowledge(seq);
  }

  /** Sends as much as may be sent now. */
  run(sending: Sending): Pumped {
    if (!this.#sockets.ready) return 'waits';
    for (;;) {
      this.report(sending, 'when-due');
      if (!this.#flow.hasCredit || this.#isBusy() || this.#isTooFast()) return 'waits';
      if (!this.#parts.turns.mayGo(this.#sender)) return 'waits';
      const records = this.#nextBatch();
      if (records.length > 0) this.#send(records, sending);
      else if (sending === 'last-pass') return this.#sentAll();
      else if (sending === 'nothing' || !this.#flow.settled) return 'waits';
      else if (this.#endPass() === 'stop') return 'converged';
    }
  }

  report(sending: Sending, when: 'now' | 'when-due'): void {
    const live = this.#parts.source.progress;
    if (live === null) return;
    const at = this.#parts.clock.now();
    if (when === 'when-due' && !this.#progress.isDue(at)) return;
    const { bytes, nextSeq: batches } = this.#flow;
    const status = this.#statusOf(sending);
    this.#sockets.sendControl(encode(this.#progress.message({ at, status, live, bytes, batches })));
  }

  close(): void {
    this.#pace?.cancel();
    this.#parts.turns.leave(this.#sender);
  }

  #statusOf(sending: Sending): MessageOf<'progress'>['status'] {
    switch (sending) {
      case 'pass':
        return this.#flow.nextSeq === 0 ? 'setup' : 'active';
      case 'nothing':
        return 'pre-switchover';
      case 'last-pass':
        return 'device';
      default:
        return sending satisfies never;
    }
  }

  #send(records: readonly StreamRecord[], sending: Sending): void {
    const { checksum, clock } = this.#parts;
    const name = { migration: this.#order.migration, seq: this.#flow.nextSeq };
    const channel = this.#sockets.dataChannel;
    // The memory of a guest that stands still is sent from where it lies: after the suspend nothing is sent again.
    const runs = sending === 'last-pass' && channel !== null ? runsOfRecords(records) : null;
    if (runs !== null && channel !== null) {
      const bytes = sendPages(channel, { name, runs, checksum, guest: 'stopped' }, () => {});
      this.#flow.sentAndGone(bytes, clock.now());
      return;
    }
    const message = encodeBatch(name, records, checksum.of, (bytes) => this.#flow.room(bytes));
    this.#sockets.sendData(message);
    this.#flow.sent(message, clock.now());
  }

  #sentAll(): 'sent' {
    this.#parts.turns.leave(this.#sender);
    return 'sent';
  }

  #endPass(): 'pass' | 'stop' {
    const { driver, source } = this.#parts;
    const { bytes } = this.#flow;
    const next = driver.actNow((at) => source.endPass(at, bytes - this.#passBegan));
    this.#passBegan = bytes;
    return next;
  }

  /** The socket has enough for now. Who would fill it up to the credit would stand in front of other guests' streams. */
  #isBusy(): boolean {
    return (this.#sockets.dataChannel?.queuedBytes ?? 0) >= STREAM_QUEUE_BYTES;
  }

  #isTooFast(): boolean {
    const { clock, timers } = this.#parts;
    const due = this.#flow.mayGoAt(clock.now());
    if (due === null) return false;
    this.#pace?.cancel();
    this.#pace = timers.at(due, this.#again);
    return true;
  }

  /** Records until a message is full; the source hands them out in what portions it likes. Empty at the end of a pass. */
  #nextBatch(): StreamRecord[] {
    const batch: StreamRecord[] = [];
    const most = Math.min(this.#flow.pagesPerBatch, this.#parts.turns.pagesPerBatch);
    for (let pages = 0; pages < most && batch.length < BATCH_RECORDS_MAX; ) {
      const records = this.#parts.source.take(most - pages);
      if (records.length === 0) break;
      for (const record of records) {
        batch.push(record);
        if (record.type === 'PAGE_DATA') pages += record.entries.length;
      }
    }
    return batch;
  }
}
