import type { Node, VirtualMachineInstance } from '../../model/objects.ts';
import type { Subresource, SubresourceRequest, SubresourceResponse } from '../api/extension.ts';
import { badRequest, internalError, notFound } from '../api/status.ts';
import { type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { migrationSettings } from './config.ts';

interface Options {
  dryRun?: string[];
  evacuationNodeName?: string;
}

/**
 * PUT virtualmachines/NAME/evacuate/cancel and the same of VMIs, from KubeVirt 1.7 on (facts/kubevirt.md I): takes the
 * mark of an eviction off a VMI. The body has to name the node of the mark, else the JSON patch's test fails: 500.
 */
export function evacuateCancel(cluster: Cluster): Subresource[] {
  if (!cluster.version.evacuationCancel) return [];

  function cancel(call: SubresourceRequest, kind: string): SubresourceResponse {
    const { namespace, name, body, query } = call;
    const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, namespace, name);
    if (vmi === undefined) throw notFound(kind, name);
    const marked = vmi.status?.evacuationNodeName;
    refuseTainted(marked ?? vmi.status?.nodeName ?? '');
    if (marked === undefined) return { status: 200 };
    const options = (body ?? {}) as Options;
    if (options.evacuationNodeName !== marked) {
      throw internalError('the server rejected our request due to an error in our request');
    }
    const dry = (options.dryRun ?? []).includes('All') || query.get('dryRun') === 'All';
    if (!dry) {
      modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
        if (draft.status !== undefined) delete draft.status.evacuationNodeName;
      });
    }
    return { status: 200 };
  }

  function refuseTainted(name: string): void {
    const key = migrationSettings(cluster).nodeDrainTaintKey ?? '';
    const node = cluster.store.get<Node>(resources.nodes, undefined, name);
    if (node === undefined) throw internalError(`nodes "${name}" not found`);
    if (node.spec?.taints?.some((taint) => taint.key === key && taint.effect === 'NoSchedule') === true) {
      throw badRequest(`Node "${name}" has NodeDrainTaintKey "${key}:NoSchedule"`);
    }
  }

  return (['virtualmachines', 'virtualmachineinstances'] as const).map((plural) => ({
    resource: `${plural}.subresources.kubevirt.io`,
    subresource: 'evacuate/cancel',
    methods: ['PUT'],
    untyped: true,
    handle: (call) => cancel(call, `${plural.slice(0, -1)}.kubevirt.io`),
  }));
}
