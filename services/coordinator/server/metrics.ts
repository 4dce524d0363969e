/**
 * Prometheus metrics: what the process says of itself (prom-client), and gauges that are read when they are asked for.
 * Whoever is never asked does not load the package; what is counted since the start of something counts since then.
 */
import type { Gauge as PromGauge, Registry } from 'prom-client';

/** One number of a service, by its name in Prometheus: skewbed_nodes, skewbed_history_events_total, ... */
export type Gauge = { readonly name: string; readonly help: string; readonly read: () => number };

const registries = new WeakMap<readonly Gauge[], Registry>();

/** The page of /metrics. */
export async function metricsText(gauges: readonly Gauge[]): Promise<{ type: string; text: string }> {
  let registry = registries.get(gauges);
  if (registry === undefined) {
    const prom = await import('prom-client');
    registry = new prom.Registry();
    prom.collectDefaultMetrics({ register: registry });
    for (const { name, help, read } of gauges) {
      const gauge: PromGauge = new prom.Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) });
    }
    registries.set(gauges, registry);
  }
  return { type: registry.contentType, text: await registry.metrics() };
}
