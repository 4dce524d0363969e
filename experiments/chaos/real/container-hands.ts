/**
 * What somebody can do to containers who has an engine at hand. Experiments start no engine: the command line and the
 * container tests give these hands. A name is 'coordinator', or that of a host.
 */
export interface ContainerHands {
  /** As kill -9. */
  kill(name: string): Promise<void>;
  /** One that was killed, on its old disks. */
  start(name: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Takes it out of every network that it shares with the others. */
  disconnect(name: string): Promise<void>;
  connect(name: string): Promise<void>;
  state(name: string): Promise<ContainerState>;
  /** The text of the coordinator's journal; null where it has none. */
  journal(): Promise<string | null>;
}

export type ContainerState = {
  /** As the engine calls it: running, paused, exited, ... */
  readonly status: string;
  /** 128 + 9 after a SIGKILL. */
  readonly exitCode: number;
  readonly networks: number;
};
