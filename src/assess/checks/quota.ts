import { groupBy, perSnapshot } from '../../model/memo.ts';
import { amountText } from '../../model/objections.ts';
import { amountOf } from '../../model/pods.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { targetPodOf } from '../../model/target-pod.ts';
import { at, blocker, type Check, type Draft } from '../check.ts';

const quotasOf = perSnapshot((snapshot) =>
  groupBy(
    // Quotas with scopes count some pods only; which, a Snapshot does not tell.
    itemsOf(snapshot.lists.resourceQuotas).filter(
      ({ spec }) => spec?.scopes === undefined && spec?.scopeSelector === undefined,
    ),
    ({ metadata }) => metadata.namespace,
  ),
);

/** While it migrates, a VM has two pods; a namespace whose quota is used up has no place for the second. */
export const quota: Check = {
  id: 'quota/second-pod',
  title: "The namespace's quota has room for a second pod",
  source: 'facts/kubevirt.md A6 (migrationRejectedByResourceQuota), E',
  needs: ['resourceQuotas'],
  run(vm, snapshot): Draft[] {
    const quotas = quotasOf(snapshot).get(vm.namespace);
    if (vm.node === undefined || quotas === undefined) return [];
    const { requests } = targetPodOf(vm, snapshot);
    return quotas.flatMap((object) => {
      const { hard = {}, used = {} } = object.status ?? {};
      return Object.keys(hard).flatMap((name) => {
        const resource = name.replace(/^requests\./, '');
        const needed = requests[resource];
        if (needed === undefined || name.startsWith('limits.')) return [];
        const limit = amountOf(resource, hard[name] ?? '0');
        const inUse = amountOf(resource, used[name] ?? '0');
        if (inUse + needed <= limit) return [];
        return blocker(vm, {
          message: `quota ${object.metadata.name} has no room for a second pod: ${name} is ${amountText(resource, limit)}, ${amountText(resource, inUse)} is used, and ${amountText(resource, needed)} more is needed`,
          evidence: [
            at(object, `.status.hard["${name}"]`, hard[name]),
            at(object, `.status.used["${name}"]`, used[name]),
          ],
          remedy:
            'Raise the quota, or stop something in the namespace; KubeVirt keeps the migration Pending until there is room.',
          allows: 'cold',
        });
      });
    });
  },
};
