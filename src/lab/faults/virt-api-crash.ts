import { componentCrash } from './component-crash.ts';
import { fault } from './fault.ts';

/** virt-api crashes as often as it is restarted. Its webhooks cannot be asked, and its aggregated API is unavailable. */
export const virtApiCrash = fault({
  name: 'virt-api-crash',
  summary:
    'virt-api crashes, again after each restart: no VM, VMI or migration can be written, its subresources are 503',
  parameters: { count: 'optional' },
  start: ({ cluster }, { count }) => componentCrash(cluster, 'virt-api', count),
});
