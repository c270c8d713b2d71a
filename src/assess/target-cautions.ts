import { groupBy, perSnapshot } from '../model/memo.ts';
import { type Migration, migrationsOf } from '../model/migrations.ts';
import { type NodeView, nodesOf } from '../model/nodes.ts';
import { tolerates } from '../model/selectors.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { targetPodOf } from '../model/target-pod.ts';
import type { Vm } from '../model/vm.ts';
import { at, atVm, type Draft, info, warning } from './check.ts';

/** So many migrations to a node at once share its network; KubeVirt limits only what leaves a node (facts/kubevirt.md C1). */
const MANY_INBOUND = 2;

const inboundByNode = perSnapshot(
  (snapshot: Snapshot): Map<string, Migration[]> =>
    groupBy(migrationsOf(snapshot).unfinished, ({ targetNode }) => targetNode),
);

/** The migrations that are on their way to a node. */
export function inboundTo({ name }: NodeView, snapshot: Snapshot): Migration[] {
  return inboundByNode(snapshot).get(name) ?? [];
}

/** What speaks against a node as a target, without ruling it out. */
export function cautionsAbout(vm: Vm, node: NodeView, snapshot: Snapshot): Draft[] {
  return [...foreignCpu(vm, node, snapshot), ...busy(vm, node, snapshot), ...unwanted(vm, node, snapshot)];
}

const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';
const CPU_LABELS = [HOST_MODEL, 'cpu-vendor.node.kubevirt.io/', 'cpu-feature.node.kubevirt.io/'];

/** KubeVirt adds no CPU selector for host-passthrough and lets it migrate anywhere (facts/kubevirt.md E). */
function foreignCpu(vm: Vm, node: NodeView, snapshot: Snapshot): Draft[] {
  const model =
    vm.spec.domain.cpu?.model || itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.cpuModel || 'host-model';
  const here = vm.node === undefined ? undefined : nodesOf(snapshot).get(vm.node);
  if (model !== 'host-passthrough' || here === undefined) return [];
  const cpuLabels = ({ labels }: NodeView): string[] =>
    Object.keys(labels).filter((key) => CPU_LABELS.some((prefix) => key.startsWith(prefix)));
  const missing = cpuLabels(here).filter((key) => node.labels[key] !== here.labels[key]);
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.map((key) => key.slice(key.indexOf('/') + 1));
  const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
  return [
    warning(vm, {
      message: `node ${node.name} has another processor than ${here.name} (it lacks ${shown}), and the guest sees its node's as it is (host-passthrough): the migration may fail there, or the guest crash`,
      summary: `has another processor, and the guest is host-passthrough (it lacks ${shown})`,
      evidence: [
        atVm(vm, '.spec.domain.cpu.model', vm.spec.domain.cpu?.model),
        at(here.object, `.metadata.labels["${first}"]`, here.labels[first]),
        at(node.object, `.metadata.labels["${first}"]`, node.labels[first]),
      ],
      remedy: 'Choose a node with the same processor, or move the VM cold.',
    }),
  ];
}

function busy(vm: Vm, node: NodeView, snapshot: Snapshot): Draft[] {
  const inbound = inboundTo(node, snapshot);
  if (inbound.length < MANY_INBOUND) return [];
  return [
    info(vm, {
      message: `${inbound.length} migrations are on their way to node ${node.name}; KubeVirt limits only what leaves a node, so that they all share its network`,
      summary: `receives ${inbound.length} migrations at the moment`,
      evidence: inbound.map(({ object }) => at(object, '.spec.vmiName', object.spec.vmiName)),
      remedy: 'Wait until they have ended, or choose a node that receives none.',
    }),
  ];
}

function unwanted(vm: Vm, node: NodeView, snapshot: Snapshot): Draft[] {
  const { tolerations } = targetPodOf(vm, snapshot);
  return node.taints
    .filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((each) => tolerates(each, taint)))
    .map((taint) =>
      info(vm, {
        message: `node ${node.name} is to be used last (taint ${taint.key}:PreferNoSchedule)`,
        summary: `is to be used last (taint ${taint.key}:PreferNoSchedule)`,
        evidence: at(node.object, `.spec.taints[key=${taint.key}]`, taint),
        remedy: 'Choose another node if there is one.',
      }),
    );
}
