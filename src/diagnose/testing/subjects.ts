import { expect } from 'vitest';
import type { Dossier, Enactment, EventRecord, LogTail } from '../../model/dossier.ts';
import type { Evidence } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import type { KubeObject } from '../../model/objects.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { snapshotOf } from '../../model/testing/fixtures.ts';
import { literal } from '../../model/testing/literal.ts';
import { vmsOf } from '../../model/vm.ts';
import { clusterCase, migrationCase, vmCase } from '../case.ts';
import type { Cause, Suspicion } from '../cause.ts';

// For tests of causes.

export interface Said {
  events?: EventRecord[];
  logs?: LogTail[];
  enactments?: Enactment[];
  /** KubeVirt's version; v1.6.6. */
  version?: string;
  change?: (snapshot: Snapshot) => void;
}

/** When the Snapshots of the fixtures are taken. */
const NOW = '2026-01-02T03:04:05.000Z';

/** So many seconds before NOW. */
export function ago(seconds: number): string {
  return new Date(Date.parse(NOW) - seconds * 1000).toISOString().replace('.000Z', 'Z');
}

export function dossierOf(objects: KubeObject[], said: Said = {}): Dossier {
  const { events = [], logs = [], enactments = [], version, change } = said;
  const snapshot = snapshotOf(objects, (draft) => {
    if (version !== undefined) draft.versions.kubevirt = version;
    change?.(draft);
  });
  return {
    snapshot,
    events: { known: true, items: events },
    logs: { known: true, items: logs },
    enactments: { known: true, items: enactments },
  };
}

let count = 0;

export function event(
  about: string,
  reason: string,
  message: string,
  more: Partial<EventRecord> & { secondsAgo?: number } = {},
): EventRecord {
  const [kind = '', name = ''] = about.split('/');
  const { secondsAgo = 60, ...rest } = more;
  const namespaced = kind !== 'Node';
  return {
    name: `${name}.${++count}`,
    namespace: namespaced ? 'vms' : 'default',
    about: { kind, name, ...(namespaced && { namespace: 'vms' }) },
    type: 'Warning',
    reason,
    message,
    count: 1,
    first: ago(secondsAgo),
    last: ago(secondsAgo),
    component: '',
    ...rest,
  };
}

/** What a cause says of a VM (`vm/NAME`), a migration (`vmim/NAME`), a node (`node/NAME`) or the `cluster`; all its evidence literally stands in the dossier. */
export function ask(cause: Cause, subject: string, objects: KubeObject[], said: Said = {}): Suspicion | undefined {
  const dossier = dossierOf(objects, said);
  const { snapshot } = dossier;
  const cluster = clusterCase(dossier);
  const [kind, name = ''] = subject.split('/');
  let found: Suspicion | undefined;
  if (kind === 'cluster') found = cause.cluster?.(cluster);
  else if (kind === 'node') {
    const node = nodesOf(snapshot).get(name);
    if (node === undefined) throw new Error(`no ${subject}`);
    found = cause.node?.(node, cluster);
  } else if (kind === 'vmim') {
    const object = itemsOf(snapshot.lists.migrations).find(({ metadata }) => metadata.name === name);
    if (object === undefined) throw new Error(`no ${subject}`);
    found = cause.migration?.(migrationCase(cluster, object));
  } else {
    const vm = vmsOf(snapshot).find((each) => each.name === name);
    if (vm === undefined) throw new Error(`no ${subject}`);
    found = cause.vm?.(vmCase(cluster, vm));
  }
  if (found === undefined) return undefined;
  expect(found.evidence.length, 'a suspicion has evidence').toBeGreaterThan(0);
  expect(found.remedies.length, 'a suspicion has a remedy').toBeGreaterThan(0);
  for (const evidence of found.evidence)
    expect([evidence, standing(dossier, evidence)]).toEqual([evidence, evidence.value]);
  return found;
}

/** What stands where an evidence points to. */
function standing(dossier: Dossier, evidence: Evidence): unknown {
  const { object, field, value } = evidence;
  const of = <T>(listing: { known: boolean; items?: T[] } | undefined): T[] => listing?.items ?? [];
  if (object.kind === 'Event') {
    return of<EventRecord>(dossier.events).find(({ name }) => name === object.name)?.message;
  }
  if (field.startsWith('log of ')) {
    const lines = of<LogTail>(dossier.logs).find(({ pod }) => pod === object.name)?.lines ?? [];
    return lines.find((line) => line === value);
  }
  if (object.kind === 'NodeNetworkConfigurationEnactment') {
    return of<Enactment>(dossier.enactments)
      .find(({ metadata }) => metadata.name === object.name)
      ?.status?.conditions?.find(({ type }) => field.includes(`[type=${type}]`))?.message;
  }
  return literal(dossier.snapshot, evidence);
}
