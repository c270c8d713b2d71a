import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { migration, vm } from '../model/testing/fixtures.ts';
import type { Journal } from '../network/journal.ts';
import type { NetworkRequest } from '../network/request.ts';
import { attachment, KNOWN, policy, type SiteOptions, site } from '../network/testing/site.ts';
import { contentHash, type Draft } from './draft.ts';
import { asRemoval, doneOf, type NetworkWords } from './network.ts';
import { type BuildRequest, decideBuild, requireBuildable } from './network-build.ts';
import { decideRemoval, requireRemovable } from './network-remove.ts';
import { decideResume } from './network-resume.ts';

const words: NetworkWords = { resume: 'RESUME', remove: 'REMOVE', whileMigrating: 'ANYWAY' };
const design: NetworkRequest = {
  interface: 'enp4s0',
  type: 'macvlan',
  vlan: 3030,
  mtu: 9000,
  cidr: '10.200.5.0/24',
  exclude: [],
  name: 'migration-network',
};
const asked: BuildRequest = { design, whileMigrating: false, words };

const build = (options: SiteOptions = {}, request: Partial<BuildRequest> = {}, found?: Journal) =>
  decideBuild(site(options), KNOWN, found, { ...asked, ...request });

function refusal(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof FerryError ? `${error.code}: ${error.message} | ${error.hint}` : String(error);
  }
}

/** `create ConfigMap`, ... in the order of the writes. */
const writes = ({ objects }: Draft): string[] => objects.map(({ verb, object }) => `${verb} ${object.kind}`);

/** The journal of the network that `build` decides on, and the cluster as it is once that stands. */
const run: Journal = { ...build().journal, run: 'r1' };
const links = run.policy.spec?.desiredState?.['interfaces'] as { name: string; type: string; mtu: number }[];
const ALL = ['canary', 'policy', 'attachment', 'setting', 'rollout', 'migration'] as const;
const applied: Journal = { ...run, state: 'applied', begun: [...ALL], done: [...ALL] };
const standing: SiteOptions = {
  set: 'migration-network',
  objects: [run.attachment, policyAs(run.policy)],
  network: (network) => {
    network.links = [
      ...network.links.map((link) => (link.name === 'enp4s0' ? { ...link, mtu: 9000 } : link)),
      ...links.slice(1),
    ];
  },
};

function policyAs(object: Journal['policy']): KubeObject {
  return { ...policy(object.metadata.name, []), ...object };
}

describe('building', () => {
  test('is refused where a HyperConverged may be there that can not be seen: the KubeVirt is not written in its place', () => {
    const snapshot = site({});
    const rule = { apiGroup: 'hco.kubevirt.io', resource: 'hyperconvergeds', verb: 'list' as const };
    const unseen: Snapshot = {
      ...snapshot,
      lists: { ...snapshot.lists, hyperConvergeds: { known: false, why: 'forbidden', message: 'no', rule } },
    };
    expect(refusal(() => decideBuild(unseen, KNOWN, undefined, asked))).toContain(
      'FERRY_E_FORBIDDEN: you may not list hyperconvergeds.hco.kubevirt.io',
    );
  });

  test('is told object by object, in the order of the writes, with what each field was and will be', () => {
    const { draft } = build({}, { canary: { namespace: 'vms', name: 'a' } });
    expect(draft.summary).toBe(
      'Build migration network openshift-cnv/migration-network (macvlan on VLAN 3030 of enp4s0, MTU 9000, 10.200.5.0/24) on 3 nodes.',
    );
    expect(
      writes(build({ objects: vm('a', { on: 'n1' }) }, { canary: { namespace: 'vms', name: 'a' } }).draft),
    ).toEqual([
      'create ConfigMap',
      'create NodeNetworkConfigurationPolicy',
      'create NetworkAttachmentDefinition',
      'patch HyperConverged',
      'create VirtualMachineInstanceMigration',
    ]);
    expect(draft.objects[1]?.fields.map(({ path, from }) => [path, from])).toEqual([
      ['.spec.nodeSelector', null],
      ['.spec.desiredState.interfaces[name=enp4s0]', null],
      ['.spec.desiredState.interfaces[name=enp4s0.3030]', null],
    ]);
    expect(draft.objects[3]?.fields).toEqual([
      { path: '.spec.liveMigrationConfig.network', from: null, to: 'migration-network' },
    ]);
  });

  const busy: KubeObject[] = [...vm('a', { on: 'n1' }), ...vm('b', { on: 'n2' })];
  const confirmed = contentHash(build({ objects: busy }).draft);

  test('is the same write wherever VMs are meanwhile, and whatever the objects’ versions', () => {
    const places = fc.array(fc.constantFrom('n1', 'n2', 'n3'), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(places, fc.nat(), ([first, second], version) => {
        const objects = [...vm('a', { on: first! }), ...vm('b', { on: second! })];
        const node: SiteOptions['node'] = (one) => void (one.metadata.resourceVersion = String(version));
        expect(contentHash(build({ objects, node }).draft)).toBe(confirmed);
      }),
    );
  });

  test.each<[string, SiteOptions]>([
    ['a NIC has another MTU', { network: ({ links: all }, i) => void (i === 2 && (all[3]!.mtu = 4000)) }],
    ['a NIC has no link', { network: ({ links: all }, i) => void (i === 2 && (all[3]!.state = 'down')) }],
    ['the setting has another value', { set: 'other', objects: [attachment({ type: 'macvlan' }, 'other')] }],
    ['somebody made the policy', { objects: [policyAs(run.policy)] }],
    ['somebody made the network', { objects: [run.attachment] }],
    ['virt-handler left a node', { pod: (pod, i) => void (i === 2 && (pod.metadata.labels = {})) }],
  ])('is another write once %s', (_, options) => {
    const all = { ...options, objects: [...busy, ...(options.objects ?? [])] };
    expect(contentHash(build(all).draft)).not.toBe(confirmed);
  });

  test('of what stands already is nothing', () => {
    const { isBuilt, draft } = build(standing, {}, applied);
    expect([isBuilt, draft.objects]).toEqual([true, []]);
  });

  const moving = [...vm('a', { on: 'n1' }), migration('m', 'a', 'Running')];
  const lacking = (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    lists: { ...snapshot.lists, migrations: { known: false, why: 'forbidden', message: 'forbidden' } },
  });

  test.each<[string, () => unknown, string]>([
    [
      'a migration runs',
      () => requireBuildable(build({ objects: moving }), () => ''),
      'FERRY_E_REFUSED: 1 migration is not finished (vms/a); those that run while virt-handler is replaced can fail | Wait until they are done, or say ANYWAY.',
    ],
    ['that is wanted', () => requireBuildable(build({ objects: moving }, { whileMigrating: true }), () => ''), 'none'],
    [
      'nobody knows whether one does',
      () => requireBuildable(decideBuild(lacking(site()), KNOWN, undefined, asked), () => ''),
      'it is not known whether migrations are under way (forbidden)',
    ],
    [
      'a run is unfinished',
      () => build({}, {}, run),
      'FERRY_E_REFUSED: run r1 of `network apply` is unfinished | Go on with it: RESUME. Take it back: REMOVE.',
    ],
    [
      'another network of Ferry’s stands',
      () => build(standing, { design: { ...design, name: 'second', vlan: 5 } }, applied),
      'Ferry has built migration network migration-network already, and this plan is another | Take that one away first: REMOVE.',
    ],
    [
      'the plan can’t be',
      () => requireBuildable(build({}, { design: { ...design, interface: 'eno1' } }), (all) => all[0]!.check),
      'the network can’t be built like this; nothing was changed | network/',
    ],
    [
      'the canary does not run',
      () => requireBuildable(build({}, { canary: { namespace: 'vms', name: 'no' } }), () => ''),
      'FERRY_E_NOT_FOUND: no VM vms/no runs',
    ],
  ])('while %s', (_, work, said) => {
    expect(refusal(work)).toContain(said);
  });
});

describe('removing', () => {
  const request = { whileMigrating: false, words };

  test('what Ferry built puts everything back, in the reverse order', () => {
    const { draft, isOurs } = decideRemoval(site(standing), applied, request)!;
    expect([isOurs, writes(draft)]).toEqual([
      true,
      [
        'patch ConfigMap',
        'patch HyperConverged',
        'delete NetworkAttachmentDefinition',
        'patch NodeNetworkConfigurationPolicy',
        'delete NodeNetworkConfigurationPolicy',
        'delete ConfigMap',
      ],
    ]);
    expect(draft.objects[3]?.fields.map(({ path, to }) => [path, to])).toEqual([
      ['.spec.desiredState.interfaces[name=enp4s0]', { name: 'enp4s0', type: 'ethernet', state: 'up', mtu: 1500 }],
      ['.spec.desiredState.interfaces[name=enp4s0.3030]', { name: 'enp4s0.3030', type: 'vlan', state: 'absent' }],
    ]);
  });

  test('what somebody else built says that the NICs stay as they are', () => {
    const { draft, isOurs } = decideRemoval(site(standing), undefined, request)!;
    expect([isOurs, writes(draft)[0]]).toEqual([false, 'create ConfigMap']);
    expect(draft.effect).toContainEqual(expect.stringContaining('NICs keep the MTU they have'));
    // The NIC itself is not named: only what the policy made goes.
    expect(draft.objects[3]?.fields.at(-1)?.to).toMatchObject({ name: 'enp4s0.3030', state: 'absent' });
  });

  test('leaves a setting that somebody else has set since', () => {
    const { draft } = decideRemoval(site({ ...standing, set: 'theirs' }), applied, request)!;
    expect(writes(draft)).not.toContain('patch HyperConverged');
  });

  test('of nothing is nothing', () => {
    expect(decideRemoval(site(), undefined, request)).toBeUndefined();
  });

  test('is refused while another pod is on it, and while migrations run', () => {
    const other: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'x',
        namespace: 'openshift-cnv',
        annotations: { 'k8s.v1.cni.cncf.io/networks': 'migration-network' },
      },
    };
    const decided = (...more: KubeObject[]) =>
      decideRemoval(site({ ...standing, objects: [...standing.objects!, ...more] }), applied, request)!;
    expect(refusal(() => requireRemovable(decided(other), ([first]) => first!.check))).toContain(
      'the network is still in use; nothing was changed | network/attachment-used',
    );
    const moving = [...vm('a', { on: 'n1' }), migration('m', 'a', 'Running')];
    expect(refusal(() => requireRemovable(decided(...moving), () => ''))).toContain('1 migration is not finished');
  });
});

describe('resuming', () => {
  const request = { whileMigrating: false, words };
  const half: Journal = { ...run, begun: ['canary', 'policy', 'attachment'], done: ['canary', 'policy'] };

  test('a run that builds tells what is still to be written', () => {
    const { objects: _, ...begun } = standing;
    const { draft } = decideResume(
      site({ ...begun, set: undefined as never, objects: [policyAs(run.policy)] }),
      half,
      request,
    );
    expect(writes(draft)).toEqual(['patch ConfigMap', 'create NetworkAttachmentDefinition', 'patch HyperConverged']);
    expect(draft.summary).toContain('(run r1; done so far: canary, policy)');
  });

  test('a run that is being taken back tells what is still to be taken back', () => {
    const undoing: Journal = { ...half, state: 'undoing', begun: ['canary', 'policy'] };
    const { draft } = decideResume(site({ ...standing, set: undefined as never }), undoing, request);
    expect(writes(draft)).toEqual([
      'patch NodeNetworkConfigurationPolicy',
      'delete NodeNetworkConfigurationPolicy',
      'delete ConfigMap',
    ]);
  });

  test('is another decision once the run has gone on', () => {
    const hashes = [half, { ...half, done: [...half.done, 'attachment'] }, { ...half, run: 'r2' }].map((journal) =>
      contentHash(decideResume(site(), journal as Journal, request).draft),
    );
    expect(new Set(hashes).size).toBe(3);
  });

  test('waits for migrations only as long as virt-handlers are still to be replaced', () => {
    const busy = site({ objects: [...vm('a', { on: 'n1' }), migration('m', 'a', 'Running')] });
    expect(refusal(() => decideResume(busy, half, request))).toContain('is not finished');
    expect(refusal(() => decideResume(busy, { ...half, begun: [...ALL] }, request))).toBe('none');
  });
});

describe('how a run ended', () => {
  const outcome = { run: 'r1', undone: [], left: [], handlers: [] };

  test.each([
    [
      doneOf({ ...outcome, outcome: 'applied' }, words),
      0,
      'the migration network is in use, with 0 virt-handlers on it',
    ],
    [doneOf(asRemoval({ ...outcome, outcome: 'rolled-back' }), words), 0, 'the migration network is gone'],
    [
      doneOf({ ...outcome, outcome: 'rolled-back', failed: { step: 'policy', message: 'why' } }, words),
      4,
      'failed: why; everything was taken back, the cluster is as it was',
    ],
    [
      doneOf({ ...outcome, outcome: 'attention', left: ['x'], failed: { step: 'undo', message: 'why' } }, words),
      5,
      'failed, and could not be taken back whole: why. Left: x. Once what is in the way is gone: REMOVE',
    ],
    [
      doneOf({ ...outcome, outcome: 'interrupted' }, words),
      130,
      'interrupted; nothing was undone. Go on: RESUME. Take it back: REMOVE',
    ],
  ])('%#', ({ exit, summary }, code, said) => {
    expect([exit, summary]).toEqual([code, said]);
  });
});
