import { expect, test } from 'vitest';
import type { Finding, Severity } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { nodes, snapshotOf } from '../../model/testing/fixtures.ts';
import { literal } from '../../model/testing/literal.ts';
import { clusterReport } from '../cluster-report.ts';
import { nodeReport } from '../node-report.ts';

// Tables of checks of nodes and of the cluster: a case that one of them tells of, and one like it that it must not.

export interface Place {
  /** Besides the nodes. */
  objects?: KubeObject[];
  /** Nodes n1, n2, ...; default 3. */
  count?: number;
  /** KubeVirt's version; default v1.6.6. */
  kubevirt?: string;
  /** The last word on the objects: nodes, KubeVirt and the rest. */
  change?: (snapshot: Snapshot) => void;
}

export type Row = [check: string, sentence: string, severity: Severity, message: RegExp, place: Place, near: Place];

export function placed({ objects = [], count = 3, kubevirt, change }: Place): Snapshot {
  const own = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`));
  const usual = nodes(count).filter(({ kind, metadata }) => !own.has(`${kind}/${metadata.namespace}/${metadata.name}`));
  return snapshotOf([...usual, ...objects], (snapshot) => {
    if (kubevirt !== undefined) snapshot.versions.kubevirt = kubevirt;
    change?.(snapshot);
  });
}

/** One test a row: `of` gives the findings. */
export function table(rows: readonly Row[], of: (snapshot: Snapshot) => Finding[]): void {
  test.each(rows)('%s: %s', (check, _, severity, message, place, near) => {
    const snapshot = placed(place);
    const findings = of(snapshot);
    const found = findings.filter((finding) => finding.check === check && message.test(finding.message));
    expect(findings.map((finding) => `${finding.check} ${finding.severity}: ${finding.message}`)).toContainEqual(
      expect.stringMatching(new RegExp(`^${check} ${severity}: .*${message.source.replace(/^\^/, '')}`)),
    );
    for (const finding of found) {
      expect(finding.remedy).toMatch(/[.)]$|-$| kubectl /);
      expect(finding.evidence.length).toBeGreaterThan(0);
      expect(finding.allows === undefined).toBe(finding.severity !== 'blocker');
      for (const evidence of finding.evidence) {
        const there = literal(snapshot, evidence);
        if (there !== undefined) expect([evidence.field, evidence.value]).toEqual([evidence.field, there]);
      }
    }
    const not = of(placed(near)).filter((finding) => finding.check === check && message.test(finding.message));
    expect(not).toEqual([]);
  });
}

export function ofNode(snapshot: Snapshot, name = 'n1'): Finding[] {
  const node = nodesOf(snapshot).get(name);
  if (node === undefined) throw new Error(`there is no node ${name}`);
  return nodeReport(snapshot, node).findings;
}

export function ofCluster(snapshot: Snapshot): Finding[] {
  return clusterReport(snapshot).findings;
}
