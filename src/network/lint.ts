import type { Evidence, Finding } from '../model/finding.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { contains, parseAddress, parseCidr, parseCidrOrAddress } from './addresses.ts';
import { type CniConfig, isFields, readCni, textOf } from './cni.ts';
import { at, finding, subjectOf } from './finding.ts';
import { misspelt } from './spelling.ts';

type Fields = Record<string, unknown>;

/** Keys of the plugins that can make virt-handler's interface, beside those that every plugin has. */
const COMMON = [
  'cniVersion',
  'name',
  'type',
  'mtu',
  'ipam',
  'dns',
  'args',
  'capabilities',
  'runtimeConfig',
  'prevResult',
  'disableCheck',
];
const PLUGIN_KEYS: Record<string, string[]> = {
  macvlan: ['master', 'mode', 'linkInContainer', 'bcqueuelen'],
  ipvlan: ['master', 'mode', 'linkInContainer'],
  vlan: ['master', 'vlanId', 'linkInContainer'],
  bridge: [
    'bridge',
    'isGateway',
    'isDefaultGateway',
    'forceAddress',
    'ipMasq',
    'ipMasqBackend',
    'hairpinMode',
    'promiscMode',
    'vlan',
    'vlanTrunk',
    'preserveDefaultVlan',
    'macspoofchk',
    'disableContainerInterface',
    'enabledad',
    'portIsolation',
    'uplinkInterface',
  ],
  ovs: [
    'bridge',
    'vlan',
    'trunk',
    'deviceID',
    'ofport_request',
    'interface_type',
    'configuration_path',
    'socket_file',
    'link_state_check_retries',
    'link_state_check_interval',
  ],
  'host-device': ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'runtimeConfig'],
  sriov: [
    'vlan',
    'vlanQoS',
    'vlanProto',
    'deviceID',
    'spoofchk',
    'trust',
    'link_state',
    'min_tx_rate',
    'max_tx_rate',
    'logLevel',
    'logFile',
  ],
  'ovn-k8s-cni-overlay': [
    'topology',
    'netAttachDefName',
    'subnets',
    'excludeSubnets',
    'vlanID',
    'physicalNetworkName',
    'role',
    'allowPersistentIPs',
    'joinSubnet',
  ],
};
PLUGIN_KEYS['cnv-bridge'] = PLUGIN_KEYS['bridge'] ?? [];

/** What whereabouts reads (v0.9, pkg/types IPAMConfig); any other key it ignores without a word. */
const WHEREABOUTS_KEYS = [
  'type',
  'name',
  'range',
  'range_start',
  'range_end',
  'exclude',
  'ipRanges',
  'gateway',
  'routes',
  'addresses',
  'dns',
  'network_name',
  'enable_overlapping_ranges',
  'node_slice_size',
  'datastore',
  'kubernetes',
  'configuration_path',
  'log_file',
  'log_level',
  'reconciler_cron_expression',
  'overlapping_ranges',
  'sleep_for_race',
  'leader_lease_duration',
  'leader_renew_deadline',
  'leader_retry_period',
  'etcd_host',
  'etcd_username',
];
/** What people write for them: other plugins' names, and other ways to write them. */
const MEANT: Record<string, string> = {
  excludesubnets: 'exclude',
  excludesubnet: 'exclude',
  excluderanges: 'exclude',
  excludes: 'exclude',
  excluded: 'exclude',
  omitranges: 'exclude',
  rangestart: 'range_start',
  startrange: 'range_start',
  start: 'range_start',
  rangeend: 'range_end',
  endrange: 'range_end',
  end: 'range_end',
  subnet: 'range',
  subnets: 'range',
  cidr: 'range',
};
/** Without one of these, the plugin does not know what to stand on. */
const STANDS_ON: Record<string, string> = {
  macvlan: 'master',
  ipvlan: 'master',
  vlan: 'master',
  bridge: 'bridge',
  'cnv-bridge': 'bridge',
  ovs: 'bridge',
};

/** Says what is wrong with a network's configuration as virt-handler's: the mistakes that people really make. */
export function lintAttachment(attachment: NetworkAttachmentDefinition): Finding[] {
  const config = readCni(attachment);
  const subject = subjectOf(attachment);
  const text = attachment.spec?.config;
  if (config.broken !== undefined) {
    const comma = /,\s*[}\]]/.test(text ?? '');
    const why =
      (text ?? '') === '' ? 'it is empty' : comma ? 'there is a comma before a closing bracket' : config.broken;
    return [
      finding(
        'attachment-json',
        'blocker',
        subject,
        `the configuration of network ${attachment.metadata.name} is not JSON: ${why}`,
        'Correct .spec.config; Multus gives no pod an interface of it until then.',
        at(attachment, '.spec.config', text ?? null),
      ),
    ];
  }
  return [...lintPlugin(attachment, config), ...lintIpam(attachment, config)];
}

/** A value inside the JSON of `.spec.config`. */
export function inConfig(attachment: NetworkAttachmentDefinition, path: string, value: unknown): Evidence {
  return at(attachment, `.spec.config | ${path}`, value);
}

function lintPlugin(attachment: NetworkAttachmentDefinition, { plugin }: CniConfig): Finding[] {
  const findings: Finding[] = [];
  const { name } = attachment.metadata;
  const say = (
    check: string,
    severity: Finding['severity'],
    message: string,
    remedy: string,
    path: string,
    value: unknown,
  ): void =>
    void findings.push(
      finding(check, severity, subjectOf(attachment), message, remedy, inConfig(attachment, path, value)),
    );
  const type = textOf(plugin['type']);
  if (type === undefined) {
    say(
      'attachment-type',
      'blocker',
      `network ${name} does not say which plugin makes its interfaces: "type" is missing`,
      'Add "type": "macvlan" (or bridge, ovs).',
      '.type',
      plugin['type'] ?? null,
    );
    return findings;
  }
  if (textOf(plugin['name']) === undefined) {
    say(
      'attachment-name',
      'warning',
      `the configuration of network ${name} has no "name", which CNI asks for`,
      `Add "name": "${name}".`,
      '.name',
      plugin['name'] ?? null,
    );
  }
  const stands = STANDS_ON[type];
  if (stands !== undefined && textOf(plugin[stands]) === undefined) {
    const then =
      stands === 'master' && type !== 'vlan'
        ? `; ${type} then takes the interface of the default route, the cluster's own network`
        : '';
    say(
      'attachment-master',
      'blocker',
      `network ${name} does not say which ${stands === 'master' ? 'interface' : 'bridge'} of the node it stands on: "${stands}" is missing${then}`,
      `Add "${stands}" with the interface that the policy makes.`,
      `.${stands}`,
      plugin[stands] ?? null,
    );
  }
  const mtu = plugin['mtu'];
  if (mtu !== undefined && (typeof mtu !== 'number' || !Number.isInteger(mtu) || mtu <= 0)) {
    say(
      'attachment-mtu',
      'blocker',
      `the MTU of network ${name} is not a whole number`,
      'Write it without quotes: "mtu": 9000.',
      '.mtu',
      mtu,
    );
  }
  for (const key of Object.keys(plugin)) {
    const known = [...COMMON, ...(PLUGIN_KEYS[type] ?? Object.keys(plugin))];
    if (known.includes(key)) continue;
    const meant = misspelt(key, known);
    say(
      'attachment-key',
      'warning',
      `plugin ${type} does not know the key "${key}" and ignores it`,
      meant === undefined ? 'Take it out, or write the key that was meant.' : `"${meant}" may be meant.`,
      `.${key}`,
      plugin[key],
    );
  }
  return findings;
}

function lintIpam(attachment: NetworkAttachmentDefinition, { plugin, ipam }: CniConfig): Finding[] {
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
  const findings: Finding[] = [];
  const { name } = attachment.metadata;
  const say = (
    check: string,
    severity: Finding['severity'],
    message: string,
    remedy: string,
    path: string,
    value: unknown,
  ): void =>
    void findings.push(
      finding(check, severity, subjectOf(attachment), message, remedy, inConfig(attachment, path, value)),
    );
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
