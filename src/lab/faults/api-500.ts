import { ApiError } from '../api/status.ts';
import { fault } from './fault.ts';
import { picker, which } from './requests.ts';

/** What the API server answers when etcd does not: an error of the storage that is no API status goes out as a bare 500. */
export const api500 = fault({
  name: 'api-500',
  summary: 'requests fail with 500 etcdserver: request timed out',
  parameters: which,
  start: ({ requests }, given, { random }) => {
    const befalls = picker(given, random);
    const answer = { status: 500, body: new ApiError(500, 'etcdserver: request timed out').status };
    return requests.add((request) => (befalls(request) ? { answer } : undefined));
  },
});
