import { hostInterfaceOf, numberOf } from '../../../model/cni.ts';
import { vmNodesOf } from '../../../model/nodes.ts';
import type { NodeNetworkInterface } from '../../../model/objects.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import {
  interfacesOf,
  type MigrationAttachment,
  migrationAttachmentOf,
  subjectOfAttachment,
} from '../../attachment.ts';
import { at, blocker, type Check, type Draft, info, warning } from '../../check.ts';
import { some } from '../../text.ts';

/** Where one end sends larger frames than the other takes, small packets pass and migrations hang. */
export const mtu: Check = {
  id: 'network/mtu',
  title: 'The migration network has one MTU, the same on every node, and a large one',
  source: 'mission: Known Issues (MTU Differences), Best Practices 3; facts/anchors.md 6 row 18; facts/kubevirt.md D7',
  needs: ['nodeNetworkStates', 'networkAttachments', 'nodes', 'kubeVirts'],
  advise(snapshot): Draft[] {
    const attachment = migrationAttachmentOf(snapshot);
    const base = attachment?.config === undefined ? undefined : hostInterfaceOf(attachment.config);
    if (attachment === undefined || base === undefined || !snapshot.lists.nodeNetworkStates.known) return [];
    const names = new Set(vmNodesOf(snapshot).map(({ name }) => name));
    const seen = [...interfacesOf(snapshot)]
      .filter(([node]) => names.has(node))
      .map(([node, interfaces]) => ({ node, one: interfaceOf(interfaces, base) }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
    const there = seen.flatMap(({ node, one }) => (one === undefined ? [] : [{ node, one }]));
    return [
      ...absent(
        attachment,
        base,
        seen.filter(({ one }) => one === undefined).map(({ node }) => node),
      ),
      ...sizes(attachment, base, there, snapshot),
    ];
  },
};

type There = { node: string; one: NodeNetworkInterface }[];

/** Of br-ex and the like there are two by one name: the bridge, and its port. */
function interfaceOf(interfaces: readonly NodeNetworkInterface[], name: string): NodeNetworkInterface | undefined {
  const named = interfaces.filter((one) => one.name === name);
  return named.find((one) => one.mtu !== undefined) ?? named[0];
}

const atMtu = ({ node, one }: There[number], base: string) =>
  at({ kind: 'NodeNetworkState', name: node }, `.status.currentState.interfaces[name=${base}].mtu`, one.mtu);

function absent(attachment: MigrationAttachment, base: string, nodes: string[]): Draft[] {
  if (nodes.length === 0) return [];
  return [
    blocker(subjectOfAttachment(attachment), {
      message: `the migration network stands on interface ${base}, which ${some(nodes, 3)} ${nodes.length === 1 ? 'does' : 'do'} not have: virt-handler cannot start there, and no VM can leave or reach ${nodes.length === 1 ? 'it' : 'them'} live`,
      evidence: [
        at(subjectOfAttachment(attachment), '.spec.config', attachment.object?.spec?.config),
        ...nodes
          .slice(0, 3)
          .map((name) =>
            at({ kind: 'NodeNetworkState', name }, `.status.currentState.interfaces[name=${base}]`, undefined),
          ),
      ],
      remedy:
        'Make the interface there with a NodeNetworkConfigurationPolicy, or have the network attachment name one that every node has.',
      allows: 'cold',
    }),
  ];
}

function sizes(attachment: MigrationAttachment, base: string, there: There, snapshot: Snapshot): Draft[] {
  const subject = subjectOfAttachment(attachment);
  const byMtu = Map.groupBy(there, ({ one }) => one.mtu ?? 0);
  const wanted = numberOf(attachment.config?.plugin['mtu']);
  const config = at(subject, '.spec.config', attachment.object?.spec?.config);
  const drafts: Draft[] = [];
  if (byMtu.size > 1) {
    const groups = [...byMtu].sort(([a], [b]) => a - b);
    const text = groups
      .map(
        ([size, nodes]) =>
          `${size} on ${some(
            nodes.map(({ node }) => node),
            3,
          )}`,
      )
      .join(', ');
    drafts.push(
      warning(subject, {
        message: `the interface ${base} of the migration network has different MTUs: ${text}; between them large frames are lost, and migrations hang or fail`,
        evidence: groups.flatMap(([, nodes]) => nodes.slice(0, 1)).map((one) => atMtu(one, base)),
        remedy:
          'Give it the same mtu on every node with one NodeNetworkConfigurationPolicy, and the switch at least that.',
      }),
    );
  }
  const small = there.filter(({ one }) => wanted !== undefined && one.mtu !== undefined && one.mtu < wanted);
  if (small.length > 0) {
    drafts.push(
      warning(subject, {
        message: `the network attachment wants an MTU of ${wanted}, but ${base} has less on ${some(
          small.map(({ node }) => node),
          3,
        )}: virt-handler cannot be attached there, or its frames are lost`,
        evidence: [config, ...small.slice(0, 1).map((one) => atMtu(one, base))],
        remedy: `Raise the MTU of ${base} (and of what it stands on, and of the switch) to ${wanted}, or lower that of the attachment.`,
      }),
    );
  }
  const sizeOf = ({ one }: There[number]): number => Math.min(one.mtu ?? 1500, wanted ?? one.mtu ?? 1500);
  const least = Math.min(...there.map(sizeOf));
  if (there.length > 0 && byMtu.size === 1 && small.length === 0 && least < 9000 && vmNodesOf(snapshot).length > 1) {
    drafts.push(
      info(subject, {
        message: `the migration network has an MTU of ${least}; with jumbo frames (9000) the nodes spend less CPU on the same transfer`,
        evidence: [config, ...there.slice(0, 1).map((one) => atMtu(one, base))],
        remedy:
          'Raise it to 9000 on NIC, VLAN, bridge, network attachment and switch - all of them: one place that is forgotten makes migrations hang, so try it with a large ping that must not be fragmented first. Migrations that TLS streams or a bandwidth limit hold back do not get faster.',
      }),
    );
  }
  return drafts;
}
