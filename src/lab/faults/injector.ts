import { ApiError, badRequest } from '../api/status.ts';
import { seconds } from '../api/store.ts';
import type { Timer } from '../clock.ts';
import type { Fault, Stop, World } from './fault.ts';
import { faults } from './index.ts';
import { durationOf, readParameters } from './parameters.ts';

/** A fault that is asked for: its name, for how long (`30s` of lab time), and its parameters as text. */
export interface FaultRequest {
  name: string;
  for?: string;
  [parameter: string]: unknown;
}

/** A fault that was injected. */
export interface Injected {
  id: string;
  name: string;
  /** As given. */
  parameters: Record<string, string>;
  /** RFC 3339, lab time. */
  since: string;
  /** When it ends, or ended; undefined: when it is cleared. */
  until?: string;
}

/** Breaks things, and mends them again. */
export interface FaultInjector {
  /** @throws ApiError 400 with one sentence if there is no such fault or its parameters are wrong; 409 if it is there already */
  inject(request: FaultRequest): Injected;
  /** Those that last, oldest first. */
  active(): Injected[];
  /** Ends one by its id, all of a name, or all. @throws ApiError 404 if there is none */
  clear(which?: string): Injected[];
  /** Injects each so long after now. @throws ApiError 400 for the first that is wrong, and then schedules none */
  schedule(requests: readonly (FaultRequest & { at: string })[]): void;
}

interface Running {
  injected: Injected;
  stop: Stop;
  timer?: Timer;
}

/** Faults end in lab time; their timers never make a clock jump that goes from event to event. */
export function faultInjector(world: World): FaultInjector {
  const { clock, random } = world.cluster;
  const running = new Map<string, Running>();
  let count = 0;

  function read(request: FaultRequest): { fault: Fault; values: Record<string, unknown>; lasts: number | undefined } {
    const { name, for: lasting, ...given } = request;
    const fault = faults.find((each) => each.name === name);
    if (fault === undefined) {
      throw badRequest(
        `there is no fault ${JSON.stringify(name ?? '')}; the faults are: ${faults.map((each) => each.name).join(', ')}`,
      );
    }
    const values = readParameters(fault, given, world.cluster);
    // Over HTTP it may be anything.
    const text: unknown = lasting ?? fault.lasts;
    const lasts = typeof text === 'string' ? durationOf(text) : undefined;
    if (text !== undefined && (lasts === undefined || lasts <= 0)) {
      throw badRequest(`for must be a duration such as 30s or 5m; ${JSON.stringify(text)} is not`);
    }
    return { fault, values, lasts };
  }

  function end(id: string): Injected[] {
    const found = running.get(id);
    if (found === undefined) return [];
    running.delete(id);
    found.timer?.cancel();
    found.stop();
    return [{ ...found.injected, until: seconds(clock.now()) }];
  }

  const injector: FaultInjector = {
    schedule: (requests) => {
      const planned = requests.map(({ at, ...request }) => {
        read(request);
        const delay = at === '0' ? 0 : durationOf(at);
        if (delay === undefined || delay < 0) {
          throw badRequest(`at must be a duration such as 30s or 5m; ${JSON.stringify(at)} is not`);
        }
        return { delay, request };
      });
      for (const { delay, request } of planned) {
        const happen = (): void => {
          try {
            injector.inject(request);
          } catch (error) {
            // What it is about may be gone by then.
            world.cluster.faults.push(error instanceof Error ? error : new Error(String(error)));
          }
        };
        clock.after(delay, happen, { background: true });
      }
    },
    inject: (request) => {
      const { fault, values, lasts } = read(request);
      const { name, for: _, ...given } = request;
      const parameters = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
      const twin = [...running.values()].find(
        ({ injected }) => injected.name === name && JSON.stringify(injected.parameters) === JSON.stringify(parameters),
      );
      if (twin !== undefined) {
        throw new ApiError(409, `fault ${name} is there already, as ${twin.injected.id}`, { reason: 'AlreadyExists' });
      }
      const id = `fault-${++count}`;
      const stop = fault.start(world, values, { id, random: random.fork(`fault/${id}`) });
      const now = clock.now();
      const injected: Injected = { id, name, parameters, since: seconds(now) };
      if (stop === undefined) return { ...injected, until: injected.since };
      if (lasts !== undefined) injected.until = seconds(now + lasts);
      const timer = lasts === undefined ? undefined : clock.after(lasts, () => end(id), { background: true });
      running.set(id, { injected, stop, ...(timer === undefined ? {} : { timer }) });
      return injected;
    },
    active: () => [...running.values()].map(({ injected }) => injected),
    clear: (which) => {
      const ids = [...running].flatMap(([id, { injected }]) =>
        which === undefined || id === which || injected.name === which ? [id] : [],
      );
      if (which !== undefined && ids.length === 0) {
        throw new ApiError(404, `no fault ${which} is active`, { reason: 'NotFound' });
      }
      return ids.flatMap(end);
    },
  };
  return injector;
}
