import { hostInterfaceOf, readCni } from '../model/cni.ts';
import type { Finding, Subject } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import { keyOf } from '../model/memo.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { neededAddresses, overlapFindings, usedNetworks } from './address-plan.ts';
import { capacityOf, formatCidr } from './addresses.ts';
import { inConfig, rangesOf } from './cni.ts';
import { finding, sorted } from './finding.ts';
import { lintAttachment } from './lint.ts';
import type { KnownNetworks } from './request.ts';
import { handlerNodes, holderOf, installNamespace, ofKubeVirt } from './site.ts';
import { type HandlerRow, handlerFindings, handlerRows, migrationFindings } from './verify-handlers.ts';
import { pathFindings } from './verify-path.ts';

/** What there is of a dedicated migration network, and what is wrong with it. */
export interface NetworkReport {
  /** The network that is set; absent: migrations go over the pod network. */
  network?: string;
  attachment?: { namespace: string; name: string; config: unknown };
  handlers: HandlerRow[];
  findings: Finding[];
}

/**
 * Looks at a migration network from the setting down to the wire. `planned`: networks that are not in the cluster yet
 * (they come from files), which are looked at as if they were to be used; the virt-handlers can't be on them.
 */
export function verifyNetwork(
  snapshot: Snapshot,
  known: KnownNetworks,
  planned: readonly NetworkAttachmentDefinition[] = [],
): NetworkReport {
  const holder = holderOf(snapshot);
  const namespace = installNamespace(snapshot) ?? '';
  const findings: Finding[] = [];
  const all = itemsOf(snapshot.lists.networkAttachments);
  const nodes = handlerNodes(snapshot);
  if (planned.length > 0) {
    for (const attachment of planned)
      findings.push(...placeOf(attachment, namespace), ...ofAttachment(snapshot, known, attachment, nodes));
    return { handlers: [], findings: sorted(findings) };
  }
  const setting: Subject =
    holder === undefined ? { kind: 'KubeVirt', name: 'kubevirt' } : subjectOf({ kind: holder.kind, metadata: holder });
  const value = holder?.value;
  if (holder === undefined || value === undefined) {
    const message = 'no migration network is set: migrations go over the pod network, with everything else';
    findings.push(
      finding(
        'not-set',
        'warning',
        setting,
        message,
        'Build one with `ferry network plan --interface NIC`.',
        ...(holder === undefined ? [] : [at(setting, `.${holder.path.join('.')}`, null)]),
      ),
    );
    for (const attachment of all) {
      if (attachment.metadata.namespace === namespace) findings.push(...lintAttachment(attachment));
    }
    return { handlers: [], findings: sorted(findings) };
  }
  findings.push(...takenOver(snapshot, value));
  const key = value.includes('/') ? value : keyOf(namespace, value);
  const attachment = all.find(({ metadata }) => keyOf(metadata.namespace, metadata.name) === key);
  if (attachment === undefined) {
    const elsewhere = all
      .filter(({ metadata }) => metadata.name === value)
      .map(({ metadata }) => metadata.namespace ?? '');
    const where =
      elsewhere.length === 0
        ? 'there is none of that name'
        : `there is one in namespace ${elsewhere.sort().join(', ')}`;
    findings.push(
      finding(
        'attachment-missing',
        'blocker',
        setting,
        `migrations are to use network ${key}, and ${where}: the next virt-handler that starts hangs in ContainerCreating`,
        `Make the network in namespace ${namespace}, or take the setting out.`,
        at(setting, `.${holder.path.join('.')}`, value),
      ),
    );
  } else {
    findings.push(
      ...placeOf(attachment, namespace),
      ...ofAttachment(snapshot, known, attachment, nodes),
      ...handlerFindings(snapshot, attachment),
      ...migrationFindings(snapshot, attachment),
    );
  }
  const config = attachment && readCni(attachment);
  return {
    network: value,
    ...(attachment !== undefined && {
      attachment: {
        namespace: attachment.metadata.namespace ?? '',
        name: attachment.metadata.name,
        config: config?.broken === undefined ? config?.plugin : attachment.spec?.config,
      },
    }),
    handlers: handlerRows(snapshot),
    findings: sorted(findings),
  };
}

/** Whether KubeVirt has what HyperConverged says. */
function takenOver(snapshot: Snapshot, value: string): Finding[] {
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  if (kubeVirt === undefined) return [];
  const { value: has, path } = ofKubeVirt(kubeVirt);
  if (has === value) return [];
  const message = `HyperConverged sets network ${value}, and KubeVirt has ${has ?? 'none'}`;
  return [
    finding(
      'setting-not-taken',
      'blocker',
      subjectOf(kubeVirt),
      message,
      'Look at the conditions of HyperConverged, and for a jsonpatch annotation on it.',
      at(kubeVirt, `.${path.join('.')}`, has ?? null),
    ),
  ];
}

function placeOf(attachment: NetworkAttachmentDefinition, namespace: string): Finding[] {
  const its = attachment.metadata.namespace ?? '';
  if (its === namespace || namespace === '') return [];
  const message = `network ${attachment.metadata.name} is in namespace ${its || 'default'}, and virt-handler looks for it in ${namespace}`;
  return [
    finding(
      'attachment-namespace',
      'blocker',
      subjectOf(attachment),
      message,
      `Make it in namespace ${namespace}.`,
      at(attachment, '.metadata.namespace', attachment.metadata.namespace ?? null),
    ),
  ];
}

function ofAttachment(
  snapshot: Snapshot,
  known: KnownNetworks,
  attachment: NetworkAttachmentDefinition,
  nodes: readonly string[],
): Finding[] {
  return [
    ...lintAttachment(attachment),
    ...pathFindings(snapshot, attachment, nodes),
    ...addressFindings(snapshot, known, attachment, nodes.length),
  ];
}

/** Whether there are addresses for all, and none that somebody else has. */
function addressFindings(
  snapshot: Snapshot,
  known: KnownNetworks,
  attachment: NetworkAttachmentDefinition,
  nodes: number,
): Finding[] {
  const config = readCni(attachment);
  const ranges = rangesOf(config);
  if (ranges.length === 0) return [];
  const { name, namespace = '' } = attachment.metadata;
  const host = hostInterfaceOf(config);
  const used = usedNetworks(snapshot, known, { name, namespace, interfaces: host === undefined ? [] : [host] });
  const findings = ranges
    .flatMap(({ cidr }) => overlapFindings(snapshot, cidr, used))
    .map((one) => ({ ...one, subject: subjectOf(attachment) }));
  const capacity = ranges.reduce((sum, range) => sum + capacityOf(range), 0n);
  const needed = neededAddresses(snapshot, nodes);
  if (capacity < BigInt(needed)) {
    const [first] = ranges;
    const text = first === undefined ? '' : formatCidr(first.cidr);
    findings.push(
      finding(
        'range-too-small',
        'blocker',
        subjectOf(attachment),
        `network ${name} has ${capacity} addresses to give, and ${needed} are needed`,
        `Use a larger network than ${text}: a virt-handler that gets no address does not start.`,
        inConfig(attachment, '.ipam', config.ipam),
      ),
    );
  }
  return findings;
}
