import { numberOf, readCni } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import { compareText } from '../model/memo.ts';
import type { NetworkAttachmentDefinition, Pod } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type AddressRange, mayGive, parseAddress } from './addresses.ts';
import { rangesOf } from './cni.ts';
import { finding } from './finding.ts';
import { inRanges } from './rollout.ts';
import { handlersOf, MIGRATION_INTERFACE, migrationInterface } from './site.ts';

const STATUS = '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"]';

/** A virt-handler as it is on the network, for a table. */
export interface HandlerRow {
  node: string;
  pod: string;
  ready: boolean;
  address?: string;
  mtu?: number;
}

export function handlerRows(snapshot: Snapshot): HandlerRow[] {
  return handlersOf(itemsOf(snapshot.lists.pods)).map(({ node, pod }) => {
    const on = migrationInterface(pod);
    const address = on?.ips?.[0];
    return {
      node,
      pod: pod.metadata.name,
      ready: isReadyPod(pod),
      ...(address !== undefined && { address }),
      ...(on?.mtu !== undefined && { mtu: on.mtu }),
    };
  });
}

/** Whether every virt-handler is on the network, with an address of it and its MTU. */
export function handlerFindings(snapshot: Snapshot, attachment: NetworkAttachmentDefinition): Finding[] {
  const config = readCni(attachment);
  const ranges = rangesOf(config);
  const mtu = numberOf(config.plugin['mtu']);
  const byAddress = new Map<string, string>();
  return handlersOf(itemsOf(snapshot.lists.pods)).flatMap(({ node, pod }) => {
    const found = ofPod(pod, node, ranges, mtu);
    for (const address of migrationInterface(pod)?.ips ?? []) {
      const other = byAddress.get(address);
      byAddress.set(address, node);
      if (other === undefined) continue;
      found.push(
        finding(
          'address-twice',
          'blocker',
          subjectOf(pod),
          `virt-handlers on ${other} and ${node} have the same address ${address}`,
          'Have whereabouts give the addresses, and restart both pods.',
          at(pod, STATUS, annotation(pod)),
        ),
      );
    }
    return found;
  });
}

function annotation(pod: Pod): string | null {
  return pod.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'] ?? null;
}

function ofPod(pod: Pod, node: string, ranges: readonly AddressRange[], mtu: number | undefined): Finding[] {
  const who = `virt-handler on ${node}`;
  const on = migrationInterface(pod);
  const waiting = (pod.status?.containerStatuses ?? []).flatMap(({ name, state }) =>
    state?.waiting?.reason === undefined ? [] : [{ name, reason: state.waiting.reason }],
  );
  const say = (check: string, severity: Finding['severity'], message: string, remedy: string): Finding[] => [
    finding(check, severity, subjectOf(pod), message, remedy, at(pod, STATUS, annotation(pod))),
  ];
  if (!isReadyPod(pod)) {
    const [first] = waiting;
    const why = first === undefined ? (pod.status?.phase ?? 'not ready') : first.reason;
    const evidence =
      first === undefined
        ? at(pod, '.status.phase', pod.status?.phase ?? null)
        : at(pod, `.status.containerStatuses[name=${first.name}].state.waiting.reason`, first.reason);
    return [
      finding(
        'handler-not-ready',
        'blocker',
        subjectOf(pod),
        `${who} is not ready (${why}); VMs can't migrate to or from its node`,
        'Look at the events of the pod: `ferry diagnose node/' + node + '`.',
        evidence,
      ),
    ];
  }
  if (on === undefined)
    return say(
      'handler-not-on-network',
      'blocker',
      `${who} is not on the migration network: its migrations go over the pod network`,
      'Wait until the roll-out has reached it; if it does not, look at the virt-operator.',
    );
  const ips = on.ips ?? [];
  if (ips.length === 0)
    return say(
      'handler-without-address',
      'blocker',
      `${who} has ${MIGRATION_INTERFACE} and no address on it`,
      'Give the network an IPAM that has addresses.',
    );
  const findings: Finding[] = [];
  if (ranges.length > 0 && !ips.some((ip) => inRanges(ranges, ip))) {
    findings.push(
      ...say(
        'handler-address',
        'blocker',
        `${who} has ${ips.join(', ')}, which is not in the network`,
        'Delete the pod: it gets an address of the network as it is now.',
      ),
    );
  } else if (
    ranges.length > 0 &&
    !ips.some((ip) =>
      ((address) => address !== undefined && ranges.some((range) => mayGive(range, address)))(parseAddress(ip)),
    )
  ) {
    findings.push(
      ...say(
        'handler-excluded-address',
        'warning',
        `${who} has ${ips.join(', ')}, which the network excludes`,
        'Delete the pod: it gets another address.',
      ),
    );
  }
  if (mtu !== undefined && on.mtu !== undefined && on.mtu !== mtu) {
    findings.push(
      ...say(
        'handler-mtu',
        'warning',
        `${MIGRATION_INTERFACE} of ${who} has an MTU of ${on.mtu}, and the network ${mtu}`,
        'Delete the pod: it gets an interface of the network as it is now.',
      ),
    );
  }
  return findings;
}

/** So many of the last migrations are looked at. */
const LAST = 20;

/** Whether migrations that began since the virt-handlers are on the network went over it. */
export function migrationFindings(snapshot: Snapshot, attachment: NetworkAttachmentDefinition): Finding[] {
  const ranges = rangesOf(readCni(attachment));
  if (ranges.length === 0) return [];
  const since = handlersOf(itemsOf(snapshot.lists.pods))
    .map(({ pod }) => pod.metadata.creationTimestamp ?? '')
    .sort()
    .at(-1);
  return itemsOf(snapshot.lists.migrations)
    .filter(
      ({ status, metadata }) =>
        status?.migrationState?.targetNodeAddress !== undefined && (metadata.creationTimestamp ?? '') > (since ?? ''),
    )
    .sort((a, b) => compareText(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? ''))
    .slice(0, LAST)
    .flatMap((migration) => {
      const state = migration.status?.migrationState;
      const address = state?.targetNodeAddress ?? '';
      // KubeVirt 1.7 and later say it themselves (facts/anchors.md 6, row 19).
      const { migrationNetworkType: type } = (state ?? {}) as { migrationNetworkType?: string };
      if (inRanges(ranges, address) && type?.toLowerCase() !== 'pod') return [];
      const { name, namespace = '' } = migration.metadata;
      return [
        finding(
          'migration-elsewhere',
          'blocker',
          subjectOf(migration),
          `migration ${namespace}/${name} went to ${address} of ${state?.targetNode ?? 'its target'}, not over the migration network`,
          'Look whether virt-handler of that node is on the network.',
          at(migration, '.status.migrationState.targetNodeAddress', address),
        ),
      ];
    });
}
