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
  const [read, { readGuestMetrics }, { openshiftThanos, readDirtyRates }, { advise }] = await Promise.all([
    readFor(context, undefined),
    import('../cluster/guest-metrics.ts'),
    import('../cluster/prometheus.ts'),
    import('../settings/advise.ts'),
  ]);
  requireLists(read, ['kubeVirts', 'virtualMachineInstances'], undefined);
  const snapshot = { ...read, guests: await readGuestMetrics(client, read, signal) };
  const rates = snapshot.versions.openshift ? await readDirtyRates(openshiftThanos(client, signal), signal) : undefined;
  const advice = advise(snapshot, goal, rates?.known === true ? rates : undefined);
  const unknown = [
    ...(snapshot.guests.known ? [] : [`what virt-handler measures is not known (${snapshot.guests.message})`]),
    ...(rates === undefined || rates.known ? [] : [`OpenShift's Prometheus did not help: ${rates.why}`]),
  ];
  return { ...advice, basis: [...advice.basis, ...unknown] };
}
