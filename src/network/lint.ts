import { type CniConfig, readCni, textOf } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { misspelt } from '../model/spelling.ts';
import { collector } from './cni.ts';
import { COMMON, PLUGIN_KEYS, STANDS_ON } from './cni-keys.ts';
import { finding } from './finding.ts';
import { lintIpam } from './lint-ipam.ts';

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

function lintPlugin(attachment: NetworkAttachmentDefinition, { plugin }: CniConfig): Finding[] {
  const { name } = attachment.metadata;
  const { findings, say } = collector(attachment);
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
