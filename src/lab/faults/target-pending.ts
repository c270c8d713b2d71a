import { fault } from './fault.ts';
import { isTarget } from './target-pods.ts';

/** Target pods are bound, but their node's kubelet cannot start them; virt-controller gives them up after a while (facts/kubevirt.md C1). */
export const targetPending = fault({
  name: 'target-pending',
  summary: 'target pods of migrations stay Pending: FailedCreatePodSandBox',
  parameters: { vm: 'optional', node: 'optional' },
  start: ({ cluster }, given) => {
    const concerns = (pod: Parameters<typeof isTarget>[0]): boolean => isTarget(pod, given);
    cluster.broken.unstartable.add(concerns);
    return () => cluster.broken.unstartable.delete(concerns);
  },
});
