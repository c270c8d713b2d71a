import { attachmentPodOf, hasHotplugVolumes } from '../../model/attachment-pod.ts';
import {
  limitsIn,
  limitViolations,
  requestsOverLimits,
  withLimitDefaults,
  withoutLimitDefaults,
} from '../../model/limit-ranges.ts';
import { groupBy, perSnapshot } from '../../model/memo.ts';
import { amountText } from '../../model/objections.ts';
import type { LimitRange, Pod, ResourceQuota } from '../../model/objects.ts';
import { addAmounts, type Resources } from '../../model/pods.ts';
import { countsPod, hasScopes, limitOf, podUsage, unstated } from '../../model/quota-usage.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { stateClaimOf } from '../../model/state-claim.ts';
import { targetPodOf } from '../../model/target-pod.ts';
import type { Vm } from '../../model/vm.ts';
import { at, blocker, type Check, type Draft } from '../check.ts';
import { versionIn } from '../refused.ts';

const quotasOf = perSnapshot((snapshot) =>
  groupBy(itemsOf(snapshot.lists.resourceQuotas), ({ metadata }) => metadata.namespace),
);

/** While it migrates, a VM has two pods; a namespace whose quota is used up has no place for the second. */
export const quota: Check = {
  id: 'quota/second-pod',
  title: "The namespace's quotas and limits let a second pod in",
  source: 'facts/kubevirt.md A6 (migrationRejectedByResourceQuota), C1 (8), E, F3',
  needs: ['resourceQuotas', 'limitRanges'],
  run(vm, snapshot): Draft[] {
    const quotas = quotasOf(snapshot).get(vm.namespace) ?? [];
    const ranges = rangesOf(snapshot).get(vm.namespace) ?? [];
    if (vm.node === undefined || quotas.length + ranges.length === 0) return [];
    const second = secondPodOf(vm.launcher, ranges);
    const attachment = hasHotplugVolumes(vm) ? withLimitDefaults(attachmentPodOf(vm), limitsIn(ranges)) : undefined;
    const asked = podNeeds(vm, second, attachment, snapshot);
    const claims = claimNeeds(vm, snapshot);
    return [
      ...outOfBounds(vm, second, 'its second pod', ranges),
      ...outOfBounds(vm, attachment, 'the pod that attaches its hot-plugged volumes', ranges),
      ...quotas.flatMap((object) => {
        const scoped = hasScopes(object);
        if (scoped && (second === undefined || !countsPod(object, second))) return [];
        const unsaid = [
          ...silent(vm, second, 'its second pod', object),
          ...silent(vm, scoped ? undefined : attachment, 'the pod that attaches its hot-plugged volumes', object),
        ];
        return [...unsaid, ...short(vm, object, scoped ? asked : { ...asked, ...claims })];
      }),
    ];
  },
};

const rangesOf = perSnapshot((snapshot) =>
  groupBy(itemsOf(snapshot.lists.limitRanges), ({ metadata }) => metadata.namespace),
);

/** The pod that the target gets: as the running one was rendered, with what LimitRanges of now add. */
function secondPodOf(launcher: Pod | undefined, ranges: readonly LimitRange[]): Pod | undefined {
  return launcher && withLimitDefaults(withoutLimitDefaults(launcher), limitsIn(ranges));
}

/** LimitRanges that do not let the second pod in; they may be younger than the first. */
function outOfBounds(vm: Vm, second: Pod | undefined, which: string, ranges: readonly LimitRange[]): Draft[] {
  if (second === undefined) return [];
  const over = requestsOverLimits(second);
  return ranges.flatMap((object, index) => {
    // Which of them has set the limit does not matter much: they are told together.
    const found = [...limitViolations(second, limitsIn([object])), ...(index === 0 ? over : [])];
    if (found.length === 0) return [];
    const { name } = object.metadata;
    return blocker(vm, {
      message: `LimitRange ${name} of its namespace does not let ${which} in: ${found.join('; ')}`,
      summary: `LimitRange ${name} does not let ${which} in`,
      evidence: at(object, '.spec.limits', object.spec?.limits),
      remedy: `Widen the LimitRange (kubectl edit limitrange ${name} -n ${vm.namespace}) so that it takes the VM's pod, or state requests and limits in the VM (spec.domain.resources), which needs a restart. A restart alone would not help: the new pod would be turned down as well.`,
      allows: 'nothing',
    });
  });
}

/** What only claims need of a quota. */
const CLAIMS = new Set(['persistentvolumeclaims', 'storage']);

/** What of a quota has no room. */
function short(vm: Vm, object: ResourceQuota, needs: Resources): Draft[] {
  const hard = object.status?.hard ?? object.spec?.hard ?? {};
  const used = object.status?.used ?? {};
  return Object.keys(hard).flatMap((name) => {
    const needed = needs[name] ?? 0;
    const limit = limitOf(name, hard[name] ?? '0');
    const inUse = limitOf(name, used[name] ?? '0');
    if (needed <= 0 || inUse + needed <= limit) return [];
    const resource = name.replace(/^(requests|limits|count)\./, '').replace(/^count\//, '');
    const second = CLAIMS.has(resource) ? 'second claim for the state of its TPM or UEFI' : 'second pod';
    return blocker(vm, {
      message: `quota ${object.metadata.name} has no room for a ${second}: ${name} is ${amountText(resource, limit)}, ${amountText(resource, inUse)} is used, and ${amountText(resource, needed)} more is needed`,
      summary: `quota ${object.metadata.name} has no room for a ${second} (${name})`,
      evidence: [
        at(object, object.status?.hard === undefined ? `.spec.hard["${name}"]` : `.status.hard["${name}"]`, hard[name]),
        at(object, `.status.used["${name}"]`, used[name]),
      ],
      remedy:
        'Raise the quota, or stop something in the namespace; KubeVirt keeps the migration Pending until there is room. An ApplicationAwareResourceQuota can count VMs instead of their pods.',
      allows: 'cold',
    });
  });
}

/** A quota on something that the VM's pod does not state turns the second pod down, though it let the first one in: it is younger. */
function silent(vm: Vm, second: Pod | undefined, which: string, object: ResourceQuota): Draft[] {
  const missing = second === undefined ? undefined : unstated(object.spec?.hard ?? {}, second);
  if (missing === undefined) return [];
  return [
    blocker(vm, {
      message: `quota ${object.metadata.name} would turn ${which} down, which ${missing}`,
      summary: `quota ${object.metadata.name} asks for what ${which === 'its second pod' ? 'its pod' : which} does not state`,
      evidence: at(object, '.spec.hard', object.spec?.hard),
      remedy:
        'Take that resource out of the quota, add a LimitRange that gives defaults for it, or state it in the VM (spec.domain.resources), which needs a restart.',
      allows: 'nothing',
    }),
  ];
}

function podNeeds(vm: Vm, second: Pod | undefined, attachment: Pod | undefined, snapshot: Snapshot): Resources {
  const needs: Resources = {};
  if (second === undefined) {
    // With what attaches hot-plugged volumes.
    needs['count/pods'] = attachment === undefined ? 1 : 2;
    for (const [name, amount] of Object.entries(targetPodOf(vm, snapshot).requests)) {
      needs[`requests.${name}`] = amount;
      if (!name.includes('/')) needs[name] = amount;
    }
    return needs;
  }
  needs['count/pods'] = 1;
  addAmounts(needs, podUsage(second));
  if (attachment !== undefined) addAmounts(needs, { 'count/pods': 1, ...podUsage(attachment) });
  return needs;
}

/** The state of a TPM or UEFI on a claim that is not shared gets a second claim of 10Mi for the target (v1.4+). */
function claimNeeds(vm: Vm, snapshot: Snapshot): Resources {
  const state = stateClaimOf(vm, snapshot);
  if (state === undefined || state.accessModes.includes('ReadWriteMany')) return {};
  if (versionIn(snapshot)?.liveMigratableChecks.includes('backend-storage') === true) return {};
  return { persistentvolumeclaims: 1, 'count/persistentvolumeclaims': 1, 'requests.storage': 10 * 2 ** 20 };
}
