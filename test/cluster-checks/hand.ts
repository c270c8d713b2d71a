import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readSnapshot } from '../../src/cluster/snapshot.ts';
import { connect } from '../../src/kube/connect.ts';
import { realTiming } from '../../src/kube/timing.ts';
import { startLab } from '../../src/lab/lab.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import type { Severity } from '../../src/model/finding.ts';
import type { KubeObject } from '../../src/model/objects.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';

// A lab on a clock that the test drives, changed and read through its API only.

export interface Hand {
  get<T>(path: string): Promise<T>;
  create(path: string, body: object): Promise<void>;
  merge(path: string, body: object): Promise<void>;
  json(path: string, body: object[]): Promise<void>;
  remove(path: string): Promise<void>;
  /** HyperConverged's live-migration settings, as an administrator sets them. */
  settings(values: object): Promise<void>;
  fault(fault: object): Promise<void>;
  /** As a drain does; the answer's status: 201 if the pod goes, 429 if KubeVirt or a budget says no. */
  evict(vm: string, namespace?: string): Promise<number>;
  migrate(name: string, vm: string): Promise<void>;
  /** Lab time passes. */
  pass(seconds: number): void;
}

export interface LabCase {
  /** The node that is asked about; without it: the cluster. */
  node?: string;
  releases?: string[];
  scenario?: Scenario;
  /** Something like it; without it: the cluster as it is. */
  near?(hand: Hand, release: string): Promise<unknown>;
  /** Without it the scenario has it, and the plain cluster must not. */
  make?(hand: Hand, release: string): Promise<unknown>;
}

export type Row = [check: string, severity: Severity, message: RegExp, what: LabCase];

export const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';

export async function inLab(
  scenario: Scenario,
  cnv: string,
  use: (hand: Hand, read: () => Promise<Snapshot>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-cluster-checks-'));
  const startTime = Date.parse('2026-03-01T08:00:00Z');
  const lab = await startLab({ scenario, cnv, speed: 'stopped', seed: 'checks', startTime });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const client = await connect({ kubeconfig }, realTiming);
  const send = async (method: string, path: string, body?: object, type = 'application/json'): Promise<string> =>
    (await client.raw(method, path, { headers: { 'content-type': type }, ...(body && { body }) })).text;
  const hand: Hand = {
    get: async (path) => JSON.parse(await send('GET', path)),
    create: async (path, body) => void (await send('POST', path, body)),
    merge: async (path, body) => void (await send('PATCH', path, body, 'application/merge-patch+json')),
    json: async (path, body) => void (await send('PATCH', path, body, 'application/json-patch+json')),
    remove: async (path) => void (await send('DELETE', path)),
    settings: (values) => hand.merge(HCO, { spec: { liveMigrationConfig: values } }),
    fault: (fault) => hand.create('/lab/v1/faults', fault),
    evict: async (vm, namespace = 'shop') => {
      const { items } = await hand.get<{ items: KubeObject[] }>(
        `/api/v1/namespaces/${namespace}/pods?labelSelector=vm.kubevirt.io/name=${vm}`,
      );
      const name = items[0]?.metadata.name ?? '';
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
      return (await client.raw('POST', path, { body, accept: () => true })).status;
    },
    migrate: (name, vmiName) =>
      hand.create('/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: { name },
        spec: { vmiName },
      }),
    pass: (seconds) => lab.clock.advanceBy(seconds * 1000),
  };
  try {
    hand.pass(5);
    await use(hand, () => readSnapshot(client));
  } finally {
    client.close();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  expect(lab.faults).toEqual([]);
}
