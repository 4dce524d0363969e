/** A process of the benchmark: source, relay or target, as it is told (orders.ts). */
import { resourceUsage } from 'node:process';
import { checksums } from '@skewbed/runtime/checksum.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { Answer, Order, Wire } from './orders.ts';
import { type End, listen, PagesSource, relayPages, takePages } from './pages-wire.ts';
import { type RawServer, serveTcp, serveWs, takeTcp, takeWs } from './raw-wires.ts';

let memory: GuestMemory | null = null;
let ends: End[] = [];
let move: (() => Promise<number>) | null = null;
let cpu = process.cpuUsage();

process.on('message', (order: Order) => {
  void obey(order)
    .catch((error: Error): Partial<Answer> => ({ error: error.stack ?? error.message }))
    .then((said) => {
      const { user, system } = process.cpuUsage(cpu);
      cpu = process.cpuUsage();
      const answer = { peakBytes: resourceUsage().maxRSS * 1024, cpuSeconds: (user + system) / 1e6, ...said };
      process.send?.(answer satisfies Answer);
    });
});
// The parent went away.
process.on('disconnect', () => process.exit(0));

async function obey(order: Order): Promise<Partial<Answer>> {
  switch (order.order) {
    case 'memory':
      return haveMemory(order.pages);
    case 'fill':
      theMemory().fill(order.pattern);
      return {};
    case 'serve':
      return { port: await serve(order.what) };
    case 'relay': {
      const relay = await relayPages(order.port);
      ends.push(relay);
      return { port: relay.port };
    }
    case 'connect':
      ends.push(connectTo(order.what, order.port));
      return {};
    case 'go':
      if (move === null) throw new Error('serve comes first');
      return { seconds: await move() };
    case 'sum':
      return { sum: theMemory().sum() };
    case 'end':
      for (const end of ends) end.close();
      ends = [];
      move = null;
      return {};
    default:
      return order satisfies never;
  }
}

/** A relay has none, and loads nothing of the model. */
async function haveMemory(pages: number): Promise<Partial<Answer>> {
  const [guest, rehearsal] = await Promise.all([
    import('./guest-memory.ts'),
    import('@skewbed/hypervisor-node/core/rehearsal.ts'),
  ]);
  memory = new guest.GuestMemory(pages);
  rehearsal.rehearse(checksums.named(checksums.names[0] as string));
  return {};
}

async function serve(what: Wire): Promise<number> {
  if (what.wire === 'pages') {
    let arrived: (source: PagesSource) => void;
    const source = new Promise<PagesSource>((done) => {
      arrived = done;
    });
    const service = await listen((channel) => arrived(new PagesSource(theMemory(), what.sum, channel)));
    ends.push(service);
    move = async () => (await source).move();
    return service.port;
  }
  const server: RawServer = what.wire === 'tcp' ? await serveTcp(what.bytes) : await serveWs(what.bytes);
  ends.push(server);
  move = () => server.move();
  return server.port;
}

function connectTo(what: Wire, port: number): End {
  switch (what.wire) {
    case 'pages':
      return takePages(theMemory(), what.sum, port);
    case 'tcp':
      return takeTcp(port, what.bytes);
    case 'ws':
      return takeWs(port, what.bytes);
    default:
      return what satisfies never;
  }
}

function theMemory(): GuestMemory {
  if (memory === null) throw new Error('this process has no memory yet');
  return memory;
}
