import type { Check } from '../../check.ts';
import { conditions } from './conditions.ts';
import { cordoned } from './cordoned.ts';
import { disruptionBudgets } from './disruption-budgets.ts';
import { drain } from './drain.ts';
import { evacuation } from './evacuation.ts';
import { loss } from './loss.ts';
import { maintenance } from './maintenance.ts';
import { singleNode } from './single-node.ts';
import { staleLaunchers } from './stale-launchers.ts';
import { nodeVirtHandler } from './virt-handler.ts';

/** What is looked at of a node. Some of it is told about the cluster as well. */
export const nodeChecks: readonly Check[] = [
  conditions,
  cordoned,
  nodeVirtHandler,
  maintenance,
  drain,
  loss,
  disruptionBudgets,
  evacuation,
  staleLaunchers,
  singleNode,
];
