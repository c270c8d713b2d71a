import { componentCrash } from './component-crash.ts';
import { fault } from './fault.ts';

/** virt-controller crashes as often as it is restarted. Nobody starts or ends migrations; those that copy go on copying. */
export const virtControllerCrash = fault({
  name: 'virt-controller-crash',
  summary: 'virt-controller crashes, again after each restart: nothing begins or ends, its lease runs out',
  parameters: { count: 'optional' },
  start: ({ cluster }, { count }) => componentCrash(cluster, 'virt-controller', count),
});
