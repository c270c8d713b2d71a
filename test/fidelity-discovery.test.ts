import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { fewerVerbs, notServed } from './fidelity/differences.ts';
import { scenario } from './fidelity/flows.ts';
import { ask } from './fidelity/lab-client.ts';
import { filesOf, hasRecordings, RECORDINGS, read, text } from './fidelity/shared.ts';

// Discovery as it was recorded: what the lab serves it serves with the same names, kinds, scopes and verbs, in both
// forms of discovery.

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

interface Told {
  subresource: string;
  responseKind: object;
  verbs: string[] | null;
}

interface Aggregated {
  items: {
    metadata: { name?: string };
    versions: {
      version: string;
      resources: (Omit<Told, 'subresource'> & { resource: string; subresources?: Told[] })[];
    }[];
  }[];
}

interface Legacy {
  groupVersion: string;
  resources: { name: string; verbs: string[] | null; storageVersionHash?: string }[];
}

type Served = Map<string, { verbs: string[] | null } & Record<string, unknown>>;

/** Everything that is served, by `group/version/name`. */
function served({ items }: Aggregated): Served {
  const found: Served = new Map();
  for (const { metadata, versions } of items) {
    for (const { version, resources } of versions) {
      for (const { resource, subresources = [], verbs, ...more } of resources) {
        const name = `${metadata.name ?? ''}/${version}/${resource}`;
        found.set(name, { ...more, verbs: verbs?.toSorted() ?? null });
        for (const { subresource, ...sub } of subresources) {
          found.set(`${name}/${subresource}`, { ...sub, verbs: sub.verbs?.toSorted() ?? null });
        }
      }
    }
  }
  return found;
}

let lab: Lab;
let mine: Served;
const real = hasRecordings
  ? new Map([
      ...served(read('discovery/aggregated_api.json') as Aggregated),
      ...served(read('discovery/aggregated_apis.json') as Aggregated),
    ])
  : new Map();

beforeAll(async () => {
  lab = await startLab({ scenario, cnv: 'next', speed: 'stopped' });
  const [core, groups] = [await ask(lab, '/api', AGGREGATED), await ask(lab, '/apis', AGGREGATED)];
  mine = new Map([...served(core.body as Aggregated), ...served(groups.body as Aggregated)]);
});

afterAll(() => lab.stop());

const fewer = (name: string): boolean => fewerVerbs.some(({ resource }) => resource.test(name));
const listed = (name: string): boolean => notServed.some((each) => each.served.test(name));

describe.skipIf(!hasRecordings)('aggregated discovery', () => {
  test('tells of each resource what was recorded', () => {
    const common = [...mine.keys()].filter((name) => real.has(name));
    expect(common.length).toBeGreaterThan(80);
    const plain = (all: Served): object =>
      Object.fromEntries(
        common.map((name) => [name, fewer(name) ? { ...all.get(name), verbs: undefined } : all.get(name)]),
      );
    expect(plain(mine)).toEqual(plain(real));
  });

  test('tells of no other resources, and leaves out only those that are listed', () => {
    const onlyOne = [
      ...[...mine.keys()].filter((name) => !real.has(name)),
      ...[...real.keys()].filter((name) => !mine.has(name)),
    ];
    expect(onlyOne.filter((name) => !listed(name))).toEqual([]);
  });

  test.each(notServed.map(({ reason, served: pattern }) => [reason, pattern] as const))(
    'there still is: %s',
    (_, pattern) => {
      const names = [...new Set([...mine.keys(), ...real.keys()])].filter((name) => pattern.test(name));
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => mine.has(name) && real.has(name))).toEqual([]);
    },
  );

  test.each(fewerVerbs.map(({ reason, resource }) => [reason, resource] as const))(
    'there still is: %s',
    (_, resource) => {
      for (const [name, { verbs }] of mine) if (resource.test(name)) expect(verbs).not.toEqual(real.get(name).verbs);
    },
  );

  test.each(['aggregated_api', 'aggregated_apis'])('comes with the headers of %s', async (file) => {
    const { headers } = await ask(lab, file === 'aggregated_api' ? '/api' : '/apis', AGGREGATED);
    const wanted = readFileSync(join(RECORDINGS, `discovery/${file}.headers`), 'utf8');
    for (const name of ['content-type', 'cache-control', 'vary']) {
      expect(wanted).toContain(`${name}: ${String(headers[name])}`);
    }
  });
});

describe.skipIf(!hasRecordings)('the older form of discovery', () => {
  const FILES = hasRecordings ? filesOf('discovery').filter((file) => /^api(_v1|s_.*_.*)\.json$/.test(file)) : [];

  test.each(FILES.filter((file) => !file.includes('instancetype')))('%s', async (file) => {
    const path = `/${file.replace('.json', '').replaceAll('_', '/')}`;
    const { groupVersion, resources } = read(`discovery/${file}`) as Legacy;
    const { body } = await ask(lab, path);
    const group = groupVersion.includes('/') ? groupVersion : `/${groupVersion}`;
    const plain = (list: Legacy): object[] =>
      list.resources
        .filter(({ name }) => !listed(`${group}/${name}`))
        .map(({ verbs, storageVersionHash: _hash, ...rest }) => ({
          ...rest,
          ...(fewer(`${group}/${rest.name}`) ? {} : { verbs: verbs?.toSorted() ?? null }),
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect((body as Legacy).groupVersion).toBe(groupVersion);
    expect(plain(body as Legacy)).toEqual(plain({ groupVersion, resources }));
  });

  test('the group kubevirt.io is as recorded', async () => {
    expect((await ask(lab, '/apis/kubevirt.io')).body).toEqual(read('discovery/apis_kubevirt.io.json'));
  });

  test('the core versions are as recorded, but for the address', async () => {
    const where = (body: unknown): object => ({ ...(body as object), serverAddressByClientCIDRs: undefined });
    expect(where((await ask(lab, '/api')).body)).toEqual(where(read('discovery/api.json')));
  });

  test('groups prefer the versions that they preferred', async () => {
    interface Groups {
      groups: { name: string; versions: unknown[]; preferredVersion: unknown }[];
    }
    const recorded = (read('discovery/apis.json') as Groups).groups;
    const { groups } = (await ask(lab, '/apis')).body as Groups;
    const common = groups.filter(({ name }) => recorded.some((each) => each.name === name));
    expect(common.length).toBeGreaterThan(9);
    for (const group of common.filter(({ name }) => name !== 'subresources.kubevirt.io')) {
      expect(recorded).toContainEqual(group);
    }
  });
});

describe.skipIf(!hasRecordings)('OpenAPI', () => {
  test('is there for every group version that both serve, by an address with its digest', async () => {
    interface Index {
      paths: Record<string, { serverRelativeURL: string }>;
    }
    const recorded = (read('discovery/openapi_v3_index.json') as Index).paths;
    const sizes = text('discovery/openapi_v3_sizes.txt').map((line) => line.trim().split(/\s+/)[1] ?? '');
    const { paths } = (await ask(lab, '/openapi/v3')).body as Index;
    for (const path of sizes.filter((each) => each !== 'TOTAL')) expect(recorded).toHaveProperty([path]);
    for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
      expect(serverRelativeURL).toMatch(/^\/openapi\/v3\/[^?]+\?hash=[0-9A-F]{128}$/);
      const own = /cdi\.kubevirt|operator\.openshift|whereabouts|metrics\.k8s/.test(path);
      expect(path in recorded, path).toBe(!own);
    }
  });
});
