import { describe, expect, test } from 'vitest';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { lintAttachment } from './lint.ts';

function attachment(config: string | object): NetworkAttachmentDefinition {
  return {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'migration-network', namespace: 'openshift-cnv' },
    spec: { config: typeof config === 'string' ? config : JSON.stringify(config) },
  };
}

const ipam = { type: 'whereabouts', range: '10.200.5.0/24', exclude: ['10.200.5.0/30'] };
const good = {
  cniVersion: '0.3.1',
  name: 'migration-bridge',
  type: 'macvlan',
  master: 'enp4s0.3030',
  mode: 'bridge',
  mtu: 9000,
  ipam,
};
const without = (...keys: string[]): object =>
  Object.fromEntries(Object.entries(good).filter(([key]) => !keys.includes(key)));

// As the mission writes it (live-migration-best-practices.md, Dedicated Migration Network, step 2).
const mission = `{
    "cniVersion": "0.3.1",
    "name": "migration-bridge",
    "type": "macvlan",
    "master": "eth1",
    "mode": "bridge",
    "ipam": {
      "type": "whereabouts",
      "range": "10.200.5.0/24",
      "excludeSubnets": "10.200.5.0/30"
    }
  }`;

describe('the linter of networks', () => {
  test.each<[string, string | object, [string, string, string][]]>([
    ['nothing of a good one', good, []],
    ['nothing of a list of plugins', { cniVersion: '1.0.0', name: 'm', plugins: [without('cniVersion', 'name')] }, []],
    [
      'nothing of ranges',
      { ...good, ipam: { type: 'whereabouts', ipRanges: [{ range: '10.1.0.0/24' }, { range: 'fd00::/64' }] } },
      [],
    ],
    [
      'the mission’s excludeSubnets',
      mission,
      [
        [
          'ipam-key',
          'warning',
          'whereabouts does not know the key "excludeSubnets" of network migration-network and ignores it, so addresses that were to be left out can be given out',
        ],
      ],
    ],
    [
      'JSON with a comma too many',
      '{ "type": "macvlan", }',
      [
        [
          'attachment-json',
          'blocker',
          'the configuration of network migration-network is not JSON: there is a comma before a closing bracket',
        ],
      ],
    ],
    [
      'an empty configuration',
      '',
      [['attachment-json', 'blocker', 'the configuration of network migration-network is not JSON: it is empty']],
    ],
    [
      'JSON that is no object',
      '[]',
      [
        [
          'attachment-json',
          'blocker',
          'the configuration of network migration-network is not JSON: it is not a JSON object',
        ],
      ],
    ],
    [
      'a type that is missing',
      without('type'),
      [
        [
          'attachment-type',
          'blocker',
          'network migration-network does not say which plugin makes its interfaces: "type" is missing',
        ],
      ],
    ],
    [
      'a master that is missing',
      without('master'),
      [
        [
          'attachment-master',
          'blocker',
          'network migration-network does not say which interface of the node it stands on: "master" is missing; macvlan then takes the interface of the default route, the cluster\'s own network',
        ],
      ],
    ],
    [
      'a bridge that is missing',
      { ...without('master', 'mode'), type: 'bridge' },
      [
        [
          'attachment-master',
          'blocker',
          'network migration-network does not say which bridge of the node it stands on: "bridge" is missing',
        ],
      ],
    ],
    [
      'a name that is missing',
      without('name'),
      [
        [
          'attachment-name',
          'warning',
          'the configuration of network migration-network has no "name", which CNI asks for',
        ],
      ],
    ],
    [
      'an MTU in quotes',
      { ...good, mtu: '9000' },
      [['attachment-mtu', 'blocker', 'the MTU of network migration-network is not a whole number']],
    ],
    [
      'a key of another plugin',
      { ...good, vlan: 3030 },
      [['attachment-key', 'warning', 'plugin macvlan does not know the key "vlan" and ignores it']],
    ],
    [
      'addresses that nobody gives',
      without('ipam'),
      [
        [
          'ipam-missing',
          'blocker',
          'network migration-network gives no addresses: it has no "ipam", and a virt-handler with an interface and no address on it crashes',
        ],
      ],
    ],
    [
      'a type of IPAM that is missing',
      { ...good, ipam: { range: '10.0.0.0/24' } },
      [
        [
          'ipam-type',
          'blocker',
          'network migration-network does not say what gives its addresses: "type" is missing in "ipam"',
        ],
      ],
    ],
    [
      'host-local',
      { ...good, ipam: { type: 'host-local', subnet: '10.0.0.0/24' } },
      [
        [
          'ipam-host-local',
          'blocker',
          'network migration-network takes its addresses from host-local, which counts on each node for itself: virt-handlers on different nodes get the same one',
        ],
      ],
    ],
    [
      'static addresses',
      { ...good, ipam: { type: 'static', addresses: [] } },
      [
        [
          'ipam-static',
          'blocker',
          'network migration-network has fixed addresses, and every virt-handler would get the same',
        ],
      ],
    ],
    [
      'a range that is missing',
      { ...good, ipam: { type: 'whereabouts' } },
      [['ipam-range', 'blocker', 'network migration-network has no range to give addresses out of']],
    ],
    [
      'a range that is none',
      { ...good, ipam: { ...ipam, range: '10.200.5/24' } },
      [['ipam-range', 'blocker', 'network migration-network has the range 10.200.5/24, which is no network']],
    ],
    [
      'an exclude that is no list',
      { ...good, ipam: { ...ipam, exclude: '10.200.5.0/30' } },
      [
        [
          'ipam-exclude',
          'blocker',
          '"exclude" of network migration-network is not a list, and whereabouts refuses the whole configuration',
        ],
      ],
    ],
    [
      'an exclude that is no network',
      { ...good, ipam: { ...ipam, exclude: ['first four'] } },
      [
        [
          'ipam-exclude',
          'blocker',
          '"exclude" of network migration-network has an entry that is neither a network nor an address',
        ],
      ],
    ],
    [
      'a start outside of the range',
      { ...good, ipam: { ...ipam, range_start: '10.9.0.1' } },
      [
        [
          'ipam-bounds',
          'warning',
          '"range_start" of network migration-network is not an address in 10.200.5.0/24, and whereabouts ignores it',
        ],
      ],
    ],
    [
      'a start that is misspelt',
      { ...good, ipam: { ...ipam, rangeStart: '10.200.5.9' } },
      [
        [
          'ipam-key',
          'warning',
          'whereabouts does not know the key "rangeStart" of network migration-network and ignores it, so addresses are given out of the whole range',
        ],
      ],
    ],
  ])('says %s', (_, config, expected) => {
    const found = lintAttachment(attachment(config));
    expect(found.map(({ check, severity, message }) => [check.replace('network/', ''), severity, message])).toEqual(
      expected,
    );
    for (const { evidence, remedy } of found)
      expect([evidence.length > 0, remedy]).toEqual([true, expect.stringMatching(/\.$/)]);
  });

  test.each([
    ['exclude_subnets', 'Write "exclude": ["10.0.0.0/30"].'],
    ['excluded', 'Write "exclude": ["10.0.0.0/30"].'],
    ['range-start', 'Write "range_start".'],
    ['rnage', 'Write "range".'],
    ['subnet', 'Write "range".'],
    ['gatway', 'Write "gateway".'],
    ['colour', 'Take it out.'],
  ])('knows what %s was to be', (key, remedy) => {
    const [found] = lintAttachment(attachment({ ...good, ipam: { ...ipam, [key]: '10.0.0.0/30' } }));
    expect(found?.remedy).toBe(remedy);
  });

  test('finds in the JSON what it shows as evidence', () => {
    const config = { ...good, mtu: 'x', vlan: 3, ipam: { ...ipam, rnage: 'y', exclude: 'z' } };
    for (const { evidence } of lintAttachment(attachment(config))) {
      for (const { field, value } of evidence) {
        const path = field.replace('.spec.config | .', '').split('.');
        expect(path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], config)).toEqual(value);
      }
    }
  });
});
