import type { OwnPath } from '../api/extension.ts';
import { badRequest } from '../api/status.ts';
import { catalogue } from '../faults/catalogue.ts';
import type { FaultInjector, FaultRequest } from '../faults/injector.ts';

/** GET faults: what can be broken, and what is. POST: breaks something. DELETE faults[/ID or NAME]: mends it. */
export function labFaults(injector: FaultInjector): OwnPath {
  return {
    path: 'faults',
    methods: ['GET', 'POST', 'DELETE'],
    handle: ({ method, rest, body }) => {
      if (method === 'GET') return { status: 200, body: { active: injector.active(), catalogue: catalogue() } };
      if (method === 'DELETE') {
        return { status: 200, body: { ended: injector.clear(rest === '' ? undefined : decodeURIComponent(rest)) } };
      }
      if (typeof body !== 'object' || body === null || !('name' in body) || typeof body.name !== 'string') {
        throw badRequest('a fault is an object with a name, such as {"name": "api-429", "for": "30s"}');
      }
      return { status: 201, body: injector.inject(body as FaultRequest) };
    },
  };
}
