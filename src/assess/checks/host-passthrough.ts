import { groupBy, perSnapshot } from '../../model/memo.ts';
import { type NodeView, nodesOf, vmNodesOf } from '../../model/nodes.ts';
import { selectorText } from '../../model/selectors.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { at, atVm, type Check, type Draft, info, warning } from '../check.ts';

const CPU_LABEL =
  /^(host-model-cpu|host-model-required-features|cpu-feature|cpu-vendor|cpu-model-migration)\.node\.kubevirt\.io\//;
const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';

/** What virt-handler tells of a node's processor, as one text: equal texts, equal processors. */
const processorsOf = perSnapshot((snapshot) => {
  const texts = new Map<string, string>();
  for (const node of nodesOf(snapshot).values()) {
    const own = Object.fromEntries(Object.entries(node.labels).filter(([key]) => CPU_LABEL.test(key)));
    texts.set(node.name, selectorText(own));
  }
  return texts;
});

const byProcessor = perSnapshot((snapshot) =>
  groupBy(vmNodesOf(snapshot), ({ name }) => processorsOf(snapshot).get(name)),
);

/** KubeVirt lets host-passthrough through and looks at no node; whether the processors are alike is left to the admin. */
export const hostPassthrough: Check = {
  id: 'cpu/host-passthrough',
  title: "A guest that sees its node's processor as it is finds the same elsewhere",
  source: 'facts/kubevirt.md E (cpu.model host-passthrough)',
  needs: ['nodes', 'kubeVirts'],
  run(vm, snapshot): Draft[] {
    const own = vm.spec.domain.cpu?.model;
    if (vm.node === undefined) return [];
    const model = own || itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.cpuModel;
    if (model !== 'host-passthrough') return [];
    const node = nodesOf(snapshot).get(vm.node);
    const alike = byProcessor(snapshot).get(processorsOf(snapshot).get(vm.node) ?? '') ?? [];
    const others = vmNodesOf(snapshot).filter(({ name }) => name !== vm.node);
    const different = others.filter((other) => !alike.includes(other));
    const label = node === undefined ? undefined : hostModelLabel(node);
    const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
    const evidence = [
      own || kubeVirt === undefined
        ? atVm(vm, '.spec.domain.cpu.model', own)
        : at(kubeVirt, '.spec.configuration.cpuModel', model),
      ...(node === undefined || label === undefined
        ? []
        : [at(node.object, `.metadata.labels["${label}"]`, node.labels[label])]),
    ];
    if (different.length === 0) {
      if (others.length === 0) return [];
      return [
        info(vm, {
          message:
            "it sees its node's processor as it is (host-passthrough); all other nodes tell of the same one, though not of its firmware and microcode",
          evidence,
          remedy:
            'Keep the nodes at the same hardware and firmware, or use host-model, for which KubeVirt finds the right nodes.',
        }),
      ];
    }
    const same = alike.filter(({ name }) => name !== vm.node).map(({ name }) => name);
    const some = different.slice(0, 5).map(({ name }) => name);
    return [
      warning(vm, {
        message: `it sees its node's processor as it is (host-passthrough), but ${different.length} other node${different.length === 1 ? ' has' : 's have'} another one (${some.join(', ')}${different.length > some.length ? ', ...' : ''}); KubeVirt does not look, so that the migration may fail there, or the guest crash`,
        summary: `host-passthrough, and ${different.length} other node${different.length === 1 ? ' has' : 's have'} another processor`,
        evidence,
        remedy: `${same.length === 0 ? 'No other node has the same processor: move it cold (a restart)' : `Choose the target among those with the same processor (--to ${same[0]})`}; or use host-model, for which KubeVirt finds the right nodes.`,
      }),
    ];
  },
};

function hostModelLabel({ labels }: NodeView): string | undefined {
  return Object.keys(labels).find((key) => key.startsWith(HOST_MODEL));
}
