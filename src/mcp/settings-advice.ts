import { requireLists } from '../cluster/require-lists.ts';
import type { Advice } from '../settings/advise.ts';
import type { Goal } from '../settings/goal.ts';
import { readFor } from './reading.ts';
import type { ToolContext } from './tool.ts';

/**
 * What would be better for a goal, on what virt-handler measures of the guests and, on OpenShift, Prometheus of how fast
 * they write; what could not be had is among the advice's `basis`.
 */
export async function settingsAdvice(context: ToolContext, goal: Goal): Promise<Advice> {
  const { client, signal } = context;
  const [read, { measured }, { advise }] = await Promise.all([
    readFor(context, undefined),
    import('../settings/measure.ts'),
    import('../settings/advise.ts'),
  ]);
  requireLists(read, ['kubeVirts', 'virtualMachineInstances'], undefined);
  const { snapshot, rates, unknown } = await measured(read, client, { signal });
  const advice = advise(snapshot, goal, rates);
  return { ...advice, basis: [...advice.basis, ...Object.values(unknown).map((why) => `Not known: ${why}.`)] };
}
