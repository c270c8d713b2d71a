import { fault } from './fault.ts';
import { picker, which } from './requests.ts';

/** A connection that breaks. After: the dangerous kind, where a client cannot know whether its write was made. */
export const apiReset = fault({
  name: 'api-reset',
  summary: 'connections are cut before a request is handled, or before it is answered',
  parameters: { ...which, when: { default: 'before' } },
  start: ({ requests }, given, { random }) => {
    const befalls = picker(given, random);
    return requests.add((request) => (befalls(request) ? { cut: given.when } : undefined));
  },
});
