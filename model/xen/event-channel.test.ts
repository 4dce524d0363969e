/** Event channels of one domain: who is bound hears, who is not does not, and nothing is heard twice. */
import { describe, expect, it } from 'vitest';
import { EventChannels } from './event-channel.ts';
import { isEventMasked, isEventPending, isUpcallPending, resetEvents } from './shared-info.ts';

function restoredPage(): Uint8Array {
  const page = new Uint8Array(4096);
  resetEvents(page, 1);
  return page;
}

describe('an event channel', () => {
  it('that nobody bound loses its event', () => {
    const page = restoredPage();
    expect(new EventChannels().send(page, 'virq-timer')).toBe(false);
    expect(isUpcallPending(page, 0)).toBe(false);
  });

  it('is unmasked when it is bound, and delivers once', () => {
    const page = restoredPage();
    const channels = new EventChannels();
    const port = channels.bind(page, 'virq-timer');
    expect([isEventMasked(page, port), channels.isBound('virq-timer'), channels.isBound('suspend')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(channels.send(page, 'virq-timer')).toBe(true);
    expect([isEventPending(page, port), isUpcallPending(page, 0)]).toEqual([true, true]);
    expect(channels.upcall(page)).toEqual(['virq-timer']);
    expect([isEventPending(page, port), isUpcallPending(page, 0)]).toEqual([false, false]);
    expect(channels.upcall(page)).toEqual([]);
  });

  it('merges what is sent twice before it is heard, and keeps uses apart', () => {
    const page = restoredPage();
    const channels = new EventChannels();
    for (const use of ['virq-timer', 'suspend', 'programs'] as const) channels.bind(page, use);
    for (const use of ['programs', 'virq-timer', 'programs'] as const) channels.send(page, use);
    expect(channels.upcall(page)).toEqual(['virq-timer', 'programs']);
  });

  it('an event on a port that is bound to nothing is an assertion', () => {
    const page = restoredPage();
    new EventChannels().bind(page, 'suspend');
    const others = new EventChannels();
    page[0x800] = 0b10;
    new DataView(page.buffer).setBigUint64(8, 1n, true);
    expect(() => others.upcall(page)).toThrow(expect.objectContaining({ code: 'crash' }));
  });
});
