import type { Cause } from '../cause.ts';
import { failureSaying, lineSaying, stateAt } from '../said.ts';

export const NO_WAY =
  /Failed to connect to remote libvirt URI|[Uu]nable to connect to server|[Cc]onnection refused|[Nn]o route to host|i\/o timeout|[Cc]onnection timed out|[Nn]etwork is unreachable/;
/** virt-handler's proxy says it with the reason in a field of its own (KubeVirt pkg/virt-handler/migration-proxy). */
const DIAL = /"reason":"(dial tcp [^"]*)"/;
const PROXY = /unable to create outbound leg of proxy to host/;

/** The source's virt-handler cannot reach the target's (facts/kubevirt.md D6). */
export const unreachable: Cause = {
  id: 'network/unreachable',
  title: 'The target node cannot be reached',
  source: 'facts/kubevirt.md D6, D7',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    if (each.phase !== 'Failed') return undefined;
    const said = failureSaying(each, NO_WAY);
    if (said === undefined) return undefined;
    const proxy = lineSaying(each.logs, DIAL, 'virt-handler') ?? lineSaying(each.logs, PROXY, 'virt-handler');
    const why = `${said.match[0]} ${proxy?.match[0] ?? ''}`;
    const address = each.state?.targetNodeAddress;
    const how = /refused/.test(why)
      ? 'nobody listened there, or a firewall refused it'
      : /timeout|timed out/.test(why)
        ? 'nothing answered: a firewall, a NetworkPolicy or a wrong route swallows it'
        : 'no connection came about';
    return {
      confidence: 'certain',
      message: `node ${each.sourceNode ?? ''} could not reach virt-handler of node ${each.targetNode ?? ''}${address === undefined ? '' : ` at ${address}`}: ${how}`,
      evidence: [
        said.evidence,
        ...(proxy === undefined ? [] : [proxy.evidence]),
        ...(address === undefined ? [] : [stateAt(each, 'targetNodeAddress')]),
      ],
      remedies: [
        'Allow TCP on all high ports (1024 and up) between the virt-handler pods of all nodes, in both directions, or on the migration network: KubeVirt takes any free port, not 49152.',
        'With a migration network: see that every virt-handler has an address on it (interface migration0), and ping that address from the other node.',
        `See whether virt-handler of the target was restarted just then: ferry diagnose node/${each.targetNode ?? 'NODE'}.`,
      ],
    };
  },
  texts: [NO_WAY, /unable to create outbound leg of proxy/],
  meaning: {
    message:
      'The virt-handler of the source could not reach that of the target: a firewall or NetworkPolicy (KubeVirt takes any high TCP port), a migration network that a node is not on, or a virt-handler that was just restarted.',
    remedies: ['Allow TCP on all high ports between the virt-handler pods.', 'See both ends: ferry diagnose VM.'],
  },
};
