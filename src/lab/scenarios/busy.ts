import { generate } from './generate.ts';
import type { Scenario } from './scenario.ts';

/** Ten workers, 120 VMs, unevenly spread. */
export const busy: Scenario = generate({
  nodes: 10,
  vms: 120,
  seed: 'busy',
  name: 'busy',
  description: '10 workers, 120 VMs, unevenly spread',
});
