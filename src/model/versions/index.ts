import { kubevirt13 } from './v1.3.ts';
import { kubevirt14 } from './v1.4.ts';
import { kubevirt15 } from './v1.5.ts';
import { kubevirt16 } from './v1.6.ts';
import { kubevirt17 } from './v1.7.ts';
import { kubevirt18 } from './v1.8.ts';
import { kubevirt19 } from './v1.9.ts';
import type { KubeVirtVersion } from './version.ts';

export type { DefaultRole, PolicyRule } from './roles.ts';
export type { KubeVirtVersion, LauncherOverhead, LiveMigratableCheck, MetricNames } from './version.ts';
export { kubevirt16 };

/** All versions Ferry knows, the oldest first. */
export const versions: readonly KubeVirtVersion[] = [
  kubevirt13,
  kubevirt14,
  kubevirt15,
  kubevirt16,
  kubevirt17,
  kubevirt18,
  kubevirt19,
];

/** The version of OpenShift Virtualization `cnv`: `4.17` to `4.22`, or `next`; undefined if there is none. */
export function versionOf(cnv: string): KubeVirtVersion | undefined {
  return versions.find((version) => version.cnv === cnv);
}

/** What is known of the KubeVirt a cluster says it has. */
export interface KnownVersion {
  version: KubeVirtVersion;
  /** `v1.6.2`, as the cluster says it. */
  observed: string;
  patch: number;
  /** `newer`, `older`: Ferry does not know it and takes the nearest it knows for it. */
  fit: 'known' | 'newer' | 'older';
}

/**
 * The version behind the KubeVirt CR's status.observedKubeVirtVersion. One that is newer than all known ones is taken
 * for the newest, an older one for the oldest, and `fit` says so; undefined if the text is no version.
 */
export function knownVersion(observed: string | undefined): KnownVersion | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(observed ?? '');
  if (match === null || observed === undefined) return undefined;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  const found = major === 1 ? versions.find((version) => version.minor === minor) : undefined;
  if (found !== undefined) return { version: found, observed, patch, fit: 'known' };
  const older = major < 1 || (major === 1 && minor < kubevirt13.minor);
  return older
    ? { version: kubevirt13, observed, patch, fit: 'older' }
    : { version: kubevirt19, observed, patch, fit: 'newer' };
}

/** Whether target pods ask for the source's CPU vendor: some versions only do so from a patch on (C1, item 5). */
export function pinsCpuVendor({ version, patch, fit }: KnownVersion): boolean {
  if (version.cpuVendorSince === undefined) return false;
  return fit !== 'known' || patch >= version.cpuVendorSince;
}

/** Whether a migration can be told its target (addedNodeSelector, A6); undefined where KubeVirt's version is unknown. */
export function takesTarget(observed: string | undefined): boolean | undefined {
  return knownVersion(observed)?.version.migrationFields.includes('addedNodeSelector');
}

/** What people should know of a KubeVirt that Ferry does not know; undefined if there is nothing to say. */
export function versionRemark(observed: string | undefined): string | undefined {
  const known = knownVersion(observed);
  if (known === undefined || known.fit === 'known') return undefined;
  return `KubeVirt ${known.observed} is ${known.fit} than what Ferry knows; it is taken for KubeVirt ${known.version.name}`;
}
