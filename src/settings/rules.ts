import type { Evidence, Finding, Severity } from '../model/finding.ts';
import { subjectOf } from '../model/finding.ts';
import { ASSUMED_GBPS, linkSpeeds } from '../model/links.ts';
import { bytesOf, formatBytes } from '../model/quantity.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';
import { largestVm } from './largest.ts';
import { parameterOf, type Value } from './parameters.ts';
import { versionIn } from './read.ts';
import { fieldOf, type Holder, holderOf, holdersOf } from './target.ts';
import { longDuration } from './text.ts';

/** Settings as they would be in force, by name. */
export type Settings = Readonly<Record<string, Value | undefined>>;

interface Said {
  severity: Severity;
  /** The settings it is about, the first of them leading. */
  about: string[];
  message: string;
  remedy: string;
}

type Rule = (settings: Settings, snapshot: Snapshot) => Said | undefined;

/** By id: what Ferry knows to be wrong with settings, whatever the schema says. One clear sentence each. */
const rules: Record<string, Rule> = {
  'settings/no-migrations': (settings) => {
    const name = ['parallelMigrationsPerCluster', 'parallelOutboundMigrationsPerNode'].find(
      (each) => typeof settings[each] === 'number' && settings[each] < 1,
    );
    if (name === undefined) return undefined;
    return {
      severity: 'blocker',
      about: [name],
      message: `with ${name} at ${settings[name]} no VM can migrate at all, and nodes cannot be drained`,
      remedy: 'Use 1 or more.',
    };
  },
  'settings/outbound-above-cluster': ({
    parallelMigrationsPerCluster: cluster,
    parallelOutboundMigrationsPerNode: outbound,
  }) => {
    if (typeof cluster !== 'number' || typeof outbound !== 'number' || outbound <= cluster || cluster < 1)
      return undefined;
    return {
      severity: 'blocker',
      about: ['parallelOutboundMigrationsPerNode', 'parallelMigrationsPerCluster'],
      message: `${outbound} migrations may leave one node, but only ${cluster} may be under way in the whole cluster, so that the limit of the node never acts`,
      remedy: `Raise parallelMigrationsPerCluster to at least ${outbound}, or lower parallelOutboundMigrationsPerNode to at most ${cluster}.`,
    };
  },
  'settings/negative': (settings) => {
    const name = ['completionTimeoutPerGiB', 'progressTimeout', 'utilityVolumesTimeout'].find(
      (each) => typeof settings[each] === 'number' && settings[each] < 0,
    );
    if (name === undefined) return undefined;
    return {
      severity: 'blocker',
      about: [name],
      message: `${name} is a time, and cannot be ${settings[name]}`,
      remedy: 'Use 0 for no time-out, or a positive number of seconds.',
    };
  },
  'settings/bandwidth-negative': ({ bandwidthPerMigration: limit }) => {
    if (limit === undefined || bytesOf(limit as string) >= 0) return undefined;
    return {
      severity: 'blocker',
      about: ['bandwidthPerMigration'],
      message: 'bandwidthPerMigration cannot be negative',
      remedy: 'Use 0 for no limit.',
    };
  },
  'settings/bandwidth-below-mib': ({ bandwidthPerMigration: limit }) => {
    const bytes = limit === undefined ? 0 : bytesOf(limit as string);
    if (bytes <= 0 || bytes >= 2 ** 20) return undefined;
    return {
      severity: 'blocker',
      about: ['bandwidthPerMigration'],
      message: `bandwidthPerMigration ${limit} is less than 1Mi, and KubeVirt passes whole MiB per second on: that is no limit at all`,
      remedy: `The number is bytes per second; did you mean ${limit}Mi?`,
    };
  },
  'settings/bandwidth-above-link': ({ bandwidthPerMigration: limit }, snapshot) => {
    const bytes = limit === undefined ? 0 : bytesOf(limit as string);
    const speeds = [...linkSpeeds(snapshot).values()];
    const fastest = (Math.max(0, ...speeds) * 1e9) / 8;
    if (fastest === 0 || bytes <= fastest) return undefined;
    return {
      severity: 'info',
      about: ['bandwidthPerMigration'],
      message: `bandwidthPerMigration ${limit} (${formatBytes(bytes)}/s) is more than the fastest migration link carries (${Math.max(...speeds)} Gbit/s), so that it limits nothing`,
      remedy: 'Leave it away, or set what migrations shall leave to others.',
    };
  },
  'settings/bandwidth-slow': ({ bandwidthPerMigration: limit }, snapshot) => {
    const bytes = limit === undefined ? 0 : bytesOf(limit as string);
    const largest = largestVm(snapshot);
    if (bytes < 2 ** 20 || largest === undefined) return undefined;
    const gbps = Math.min(...linkSpeeds(snapshot).values(), ASSUMED_GBPS);
    if (bytes > ((gbps * 1e9) / 8) * 0.1) return undefined;
    return {
      severity: 'warning',
      about: ['bandwidthPerMigration'],
      message: `at ${limit} a second, a tenth of the link or less, ${largest.name} with ${formatBytes(largest.bytes)} of memory needs at least ${longDuration(largest.bytes / bytes)}, and no guest converges that writes faster than that`,
      remedy:
        'bandwidthPerMigration 64Mi is an example of the documentation, and not a default: leave it away, or use a share of the link.',
    };
  },
  'settings/deadline-long': ({ completionTimeoutPerGiB: perGiB }, snapshot) => {
    const largest = largestVm(snapshot);
    if (typeof perGiB !== 'number' || largest === undefined) return undefined;
    const deadline = acceptableCompletionTime(perGiB, largest.bytes);
    if (perGiB !== 0 && (perGiB <= 150 || deadline <= 86_400)) return undefined;
    const long = perGiB === 0 ? 'for ever' : `for ${longDuration(deadline)}`;
    return {
      severity: 'warning',
      about: ['completionTimeoutPerGiB'],
      message: `with completionTimeoutPerGiB at ${perGiB} a migration of ${largest.name} (${formatBytes(largest.bytes)}) that never converges goes on ${long}, and takes a place from others`,
      remedy:
        '150 is the default since OpenShift Virtualization 4.18; `settings advise` computes what the VMs here need.',
    };
  },
  'settings/no-progress-timeout': ({ progressTimeout }) => {
    if (progressTimeout !== 0) return undefined;
    return {
      severity: 'warning',
      about: ['progressTimeout'],
      message: 'without progressTimeout a migration whose connection died waits for its completion time-out',
      remedy: 'Use 150, the default.',
    };
  },
  'settings/post-copy-defeated': (settings, snapshot) => {
    if (settings['allowPostCopy'] !== true || settings['allowWorkloadDisruption'] !== false) return undefined;
    if (versionIn(snapshot)?.workloadDisruption === false) return undefined;
    return {
      severity: 'blocker',
      about: ['allowPostCopy', 'allowWorkloadDisruption'],
      message:
        'allowPostCopy has no effect while allowWorkloadDisruption is false: migrations that take too long are aborted',
      remedy: 'Set both: allowPostCopy=true allowWorkloadDisruption=true.',
    };
  },
  'settings/post-copy-one-connection': ({ allowPostCopy }, snapshot) => {
    const version = versionIn(snapshot);
    if (allowPostCopy !== true || version?.multifd.notWith.includes('post-copy') !== true) return undefined;
    return {
      severity: 'warning',
      about: ['allowPostCopy'],
      message: `with KubeVirt ${version.name}, allowing post-copy makes every migration use one connection instead of ${version.multifd.threads}, which is bound by one CPU`,
      remedy: 'Allow it in a MigrationPolicy for the VMs that need it, and not for the cluster.',
    };
  },
  'settings/post-copy-risk': ({ allowPostCopy }) => {
    if (allowPostCopy !== true) return undefined;
    return {
      severity: 'warning',
      about: ['allowPostCopy'],
      message:
        'during post-copy a guest runs with its memory on two nodes: if the connection breaks, the guest is lost',
      remedy: 'Allow it only where a crash of the guest can be borne, best in a MigrationPolicy.',
    };
  },
  'settings/pauses-guests': ({ allowWorkloadDisruption, allowPostCopy }) => {
    if (allowWorkloadDisruption !== true || allowPostCopy === true) return undefined;
    return {
      severity: 'warning',
      about: ['allowWorkloadDisruption'],
      message:
        'a guest whose migration takes too long is paused until its memory has been copied, which can take as long again as its time-out',
      remedy: 'Allow it only for guests that can stand still, best in a MigrationPolicy.',
    };
  },
  'settings/unknown-network': ({ network }, snapshot) => {
    const { lists } = snapshot;
    const { kubeVirt } = holdersOf(snapshot);
    if (typeof network !== 'string' || network === '' || !lists.networkAttachments.known || kubeVirt === undefined)
      return undefined;
    const own = kubeVirt.metadata.namespace;
    const [namespace, name] = network.includes('/') ? (network.split('/') as [string, string]) : [own, network];
    const all = itemsOf(lists.networkAttachments);
    // A Snapshot of some namespaces does not hold those of KubeVirt's.
    if (snapshot.namespaces.length > 0 && !snapshot.namespaces.includes(namespace ?? '')) return undefined;
    if (all.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace)) return undefined;
    const elsewhere = all.filter(({ metadata }) => metadata.name === name).map(({ metadata }) => metadata.namespace);
    return {
      severity: 'blocker',
      about: ['network'],
      message: `there is no NetworkAttachmentDefinition ${name} in namespace ${namespace}, so that the first restarted virt-handler would not come up`,
      remedy:
        elsewhere.length > 0
          ? `There is one in ${elsewhere.join(', ')}, but virt-handler looks in ${namespace}: create it there.`
          : '`network plan` designs one that is consistent with the nodes.',
    };
  },
  'settings/unsafe': ({ unsafeMigrationOverride }) => {
    if (unsafeMigrationOverride !== true) return undefined;
    return {
      severity: 'warning',
      about: ['unsafeMigrationOverride'],
      message:
        "libvirt's check whether a migration is safe for the guest's disks is off, so that a guest's data can be corrupted",
      remedy: 'Set it to false; a volume that libvirt calls unsafe needs shared storage or another cache mode.',
    };
  },
  'settings/no-tls': ({ disableTLS }) => {
    if (disableTLS !== true) return undefined;
    return {
      severity: 'warning',
      about: ['disableTLS'],
      message: 'the memory of guests, with all the keys in it, goes through the network unencrypted',
      remedy: 'Set it to false, unless the migration network is physically separate and nobody else is in it.',
    };
  },
  'settings/gate-off': (settings, snapshot) => {
    if (settings['maxDowntimeMs'] === undefined) return undefined;
    const { kubeVirt } = holdersOf(snapshot);
    const gates = kubeVirt?.spec?.configuration?.developerConfiguration?.featureGates ?? [];
    const builtIn = parameterOf('maxDowntimeMs')?.builtIn;
    const version = versionIn(snapshot);
    if (
      gates.includes('MigrationStallDetection') ||
      (version !== undefined && settings['maxDowntimeMs'] === builtIn?.(version))
    )
      return undefined;
    return {
      severity: 'warning',
      about: ['maxDowntimeMs'],
      message: 'maxDowntimeMs has no effect without the feature gate MigrationStallDetection',
      remedy: 'It is alpha in KubeVirt 1.9 and off under HyperConverged; leave maxDowntimeMs alone.',
    };
  },
};

/** What the rules say of settings, sorted by id. Evidence: the values as they would be. */
export function findingsOf(settings: Settings, snapshot: Snapshot): Finding[] {
  const holder = holderOf(holdersOf(snapshot));
  return Object.entries(rules).flatMap(([check, rule]): Finding[] => {
    const said = rule(settings, snapshot);
    if (said === undefined) return [];
    const { severity, about, message, remedy } = said;
    const subject = holder === undefined ? { kind: 'KubeVirt', name: 'kubevirt' } : subjectOf(holder.object);
    return [
      {
        check,
        severity,
        subject,
        message,
        evidence: about.map((name) => evidenceOf(holder, name, settings[name])),
        remedy,
      },
    ];
  });
}

/** The settings a finding is about. */
export function settingsIn(finding: Finding): string[] {
  return finding.evidence.map(({ field }) => field.split('.').at(-1) ?? '');
}

function evidenceOf(holder: Holder | undefined, name: string, value: Value | undefined): Evidence {
  const object = holder === undefined ? { kind: 'KubeVirt', name: 'kubevirt' } : subjectOf(holder.object);
  return { object, field: fieldOf(holder?.path ?? [], name), value: value ?? null };
}
