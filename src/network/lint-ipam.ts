import { type CniConfig, isFields, textOf } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { subjectOf } from '../model/finding.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { misspelt } from '../model/spelling.ts';
import { contains, parseAddress, parseCidr, parseCidrOrAddress } from './addresses.ts';
import { collector, inConfig } from './cni.ts';
import { MEANT, WHEREABOUTS_KEYS } from './cni-keys.ts';
import { finding } from './finding.ts';

type Fields = Record<string, unknown>;

/** What is wrong with how a network gives its addresses. */
export function lintIpam(attachment: NetworkAttachmentDefinition, { plugin, ipam }: CniConfig): Finding[] {
  const { name } = attachment.metadata;
  const one = (
    check: string,
    severity: Finding['severity'],
    message: string,
    remedy: string,
    path: string,
    value: unknown,
  ): Finding => finding(check, severity, subjectOf(attachment), message, remedy, inConfig(attachment, path, value));
  // OVN-Kubernetes gives addresses itself.
  if (plugin['type'] === 'ovn-k8s-cni-overlay' && textOf(plugin['subnets']) !== undefined) return [];
  const whereabouts = 'Use "type": "whereabouts" with a range: it knows the whole cluster.';
  if (ipam === undefined || Object.keys(ipam).length === 0) {
    return [
      one(
        'ipam-missing',
        'blocker',
        `network ${name} gives no addresses: it has no "ipam", and a virt-handler with an interface and no address on it crashes`,
        whereabouts,
        '.ipam',
        plugin['ipam'] ?? null,
      ),
    ];
  }
  switch (textOf(ipam['type'])) {
    case 'whereabouts':
      return lintWhereabouts(attachment, ipam);
    case undefined:
      return [
        one(
          'ipam-type',
          'blocker',
          `network ${name} does not say what gives its addresses: "type" is missing in "ipam"`,
          whereabouts,
          '.ipam.type',
          ipam['type'] ?? null,
        ),
      ];
    case 'host-local':
      return [
        one(
          'ipam-host-local',
          'blocker',
          `network ${name} takes its addresses from host-local, which counts on each node for itself: virt-handlers on different nodes get the same one`,
          whereabouts,
          '.ipam.type',
          ipam['type'],
        ),
      ];
    case 'static':
      return [
        one(
          'ipam-static',
          'blocker',
          `network ${name} has fixed addresses, and every virt-handler would get the same`,
          whereabouts,
          '.ipam.type',
          ipam['type'],
        ),
      ];
    case 'dhcp':
      return [
        one(
          'ipam-dhcp',
          'warning',
          `network ${name} takes its addresses from DHCP: a virt-handler does not start while no server answers, or while the DHCP daemon does not run on its node`,
          whereabouts,
          '.ipam.type',
          ipam['type'],
        ),
      ];
    default:
      return [];
  }
}

function lintWhereabouts(attachment: NetworkAttachmentDefinition, ipam: Fields): Finding[] {
  const { name } = attachment.metadata;
  const { findings, say } = collector(attachment);
  for (const [key, value] of Object.entries(ipam)) {
    if (WHEREABOUTS_KEYS.includes(key)) continue;
    const meant = MEANT[key.toLowerCase().replace(/[^a-z]/g, '')] ?? misspelt(key, WHEREABOUTS_KEYS);
    const result =
      meant === 'exclude'
        ? 'so addresses that were to be left out can be given out'
        : meant === 'range_start' || meant === 'range_end'
          ? 'so addresses are given out of the whole range'
          : 'as if it were not there';
    const written =
      meant === 'exclude' && typeof value === 'string'
        ? `"exclude": ["${value}"]`
        : meant === undefined
          ? undefined
          : `"${meant}"`;
    say(
      'ipam-key',
      'warning',
      `whereabouts does not know the key "${key}" of network ${name} and ignores it, ${result}`,
      written === undefined ? 'Take it out.' : `Write ${written}.`,
      `.ipam.${key}`,
      value,
    );
  }
  const ranges = Array.isArray(ipam['ipRanges']) ? (ipam['ipRanges'] as unknown[]).filter(isFields) : [];
  const all: { at: string; of: Fields }[] = [
    ...(ipam['range'] === undefined && ranges.length > 0 ? [] : [{ at: '.ipam', of: ipam }]),
    ...ranges.map((of, index) => ({ at: `.ipam.ipRanges[${index}]`, of })),
  ];
  for (const { at: path, of } of all) {
    const range = textOf(of['range']) ?? '';
    const cidr = parseCidr(range.slice(range.indexOf('-') + 1));
    if (cidr === undefined) {
      const what =
        range === '' ? 'has no range to give addresses out of' : `has the range ${range}, which is no network`;
      say(
        'ipam-range',
        'blocker',
        `network ${name} ${what}`,
        'Add "range": "10.200.5.0/24", a network of its own.',
        `${path}.range`,
        of['range'] ?? null,
      );
      continue;
    }
    for (const key of ['range_start', 'range_end']) {
      const address = parseAddress(textOf(of[key]) ?? '');
      if (of[key] === undefined || (address !== undefined && contains(cidr, address))) continue;
      say(
        'ipam-bounds',
        'warning',
        `"${key}" of network ${name} is not an address in ${range}, and whereabouts ignores it`,
        'Correct it, or take it out.',
        `${path}.${key}`,
        of[key],
      );
    }
    const { exclude } = of;
    if (exclude === undefined) continue;
    if (!Array.isArray(exclude)) {
      say(
        'ipam-exclude',
        'blocker',
        `"exclude" of network ${name} is not a list, and whereabouts refuses the whole configuration`,
        `Write "exclude": [${JSON.stringify(exclude)}].`,
        `${path}.exclude`,
        exclude,
      );
      continue;
    }
    for (const entry of exclude as unknown[]) {
      if (typeof entry === 'string' && parseCidrOrAddress(entry) !== undefined) continue;
      say(
        'ipam-exclude',
        'blocker',
        `"exclude" of network ${name} has an entry that is neither a network nor an address`,
        'Write it as 10.200.5.0/30.',
        `${path}.exclude`,
        exclude,
      );
    }
  }
  return findings;
}
