import { fault } from './fault.ts';
import { picker, which } from './requests.ts';

/** What API priority and fairness answers when a request finds its queue full (apiserver, filters/priority-and-fairness.go). */
export const api429 = fault({
  name: 'api-429',
  summary: 'requests are turned away by API priority and fairness: 429, Retry-After 1',
  parameters: which,
  start: ({ requests }, given, { random }) => {
    const befalls = picker(given, random);
    const answer = {
      status: 429,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'retry-after': '1',
      },
      body: 'Too many requests, please try again later.\n',
    };
    return requests.add((request) => (befalls(request) ? { answer } : undefined));
  },
});
