import type { ApiServer } from '../api/server.ts';
import type { Cluster } from '../cluster.ts';
import type { VirtHandler } from '../controllers/virt-handler.ts';
import type { Network } from '../hypervisor/network.ts';
import type { Random } from '../random.ts';
import type { ParameterName, Rule, Value } from './parameters.ts';
import type { RequestRules } from './requests.ts';

/** What a fault breaks. */
export interface World {
  cluster: Cluster;
  network: Network;
  handler: VirtHandler;
  requests: RequestRules;
  /** The API server's clock; `ahead` in ms. */
  apiClock: { ahead: number };
  server: () => Pick<ApiServer, 'cutWatches' | 'close' | 'listen' | 'url'>;
}

/** One time that a fault is injected. */
export interface Injection {
  /** Unique in the lab's life: `fault-1`. */
  id: string;
  /** Of its own. */
  random: Random;
}

/** Ends a fault's effect. */
export type Stop = () => void;

/** Something that can break while the lab runs. */
export interface Fault {
  name: string;
  summary: string;
  parameters: Readonly<Partial<Record<ParameterName, Rule>>>;
  /** How long it lasts if nothing is said; without it: until it is cleared. */
  lasts?: string;
  /** Undefined: it has happened, and there is nothing to end. */
  start(world: World, given: Record<string, unknown>, injection: Injection): Stop | undefined;
}

type Rules = Readonly<Partial<Record<ParameterName, Rule>>>;
type Given<R extends Rules> = {
  [N in keyof R & ParameterName as R[N] extends 'optional' ? never : N]: Value<N>;
} & { [N in keyof R & ParameterName as R[N] extends 'optional' ? N : never]?: Value<N> };

/** A fault; its `start` gets the values of its parameters, read and checked (parameters.ts). */
export function fault<const R extends Rules>(
  definition: Omit<Fault, 'parameters' | 'start'> & {
    parameters: R;
    start(world: World, given: Given<R>, injection: Injection): Stop | undefined;
  },
): Fault {
  return definition;
}
