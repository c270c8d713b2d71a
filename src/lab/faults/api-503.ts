import { UNAVAILABLE } from '../api/status.ts';
import { fault } from './fault.ts';
import { picker, which } from './requests.ts';

/** What kube-aggregator answers for an API whose service has no endpoint, e.g. subresources.kubevirt.io without virt-api. */
export const api503 = fault({
  name: 'api-503',
  summary: 'requests fail with 503 service unavailable',
  parameters: which,
  start: ({ requests }, given, { random }) => {
    const befalls = picker(given, random);
    return requests.add((request) => (befalls(request) ? { answer: UNAVAILABLE } : undefined));
  },
});
