/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { Severity, Verdict } from '../../model/finding.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { NAMESPACE } from '../../model/testing/fixtures.ts';

export interface Options {
  target?: string;
  change?: (snapshot: Snapshot) => void;
  count?: number;
}

export type Row = [string, KubeObject[], Verdict, [string, Severity, RegExp][], Options?];

export const condition = (type: string, reason: string, message: string) => ({
  change: ({ vmi }: { vmi: { status?: { conditions?: unknown } } }) => {
    vmi.status!.conditions = [
      { type: 'LiveMigratable', status: 'True' },
      { type: 'StorageLiveMigratable', status: 'True' },
    ].map((known) => (known.type === type ? { type, status: 'False', reason, message } : known));
  },
});

export const quota = (hard: string, used: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team', namespace: NAMESPACE },
    spec: { hard: { 'requests.memory': hard } },
    status: { hard: { 'requests.memory': hard }, used: { 'requests.memory': used } },
  }) as KubeObject;
