/**
 * What has to be ended when this process is told to end: every bed that is open. Nodes that stand still (SIGSTOP) would
 * not notice otherwise that nobody is there any more.
 */
type Close = () => Promise<void>;

const open = new Set<Close>();
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Calls `close` should the process be told to end; until the returned function is called. */
export function closeWithProcess(close: Close): () => void {
  if (open.size === 0) for (const [signal, end] of ends) process.once(signal, end);
  open.add(close);
  return () => {
    open.delete(close);
    if (open.size === 0) for (const [signal, end] of ends) process.off(signal, end);
  };
}

const ends = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).map((signal) => {
  const end = (): void => {
    void Promise.allSettled([...open].map((close) => close())).then(() => process.exit(SIGNALS[signal]));
  };
  return [signal, end] as const;
});
