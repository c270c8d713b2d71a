/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { KubeObject, Pod } from '../../../../model/objects.ts';
import { NAMESPACE, node, type VmOptions, vm } from '../../../../model/testing/fixtures.ts';
import type { Place } from '../../../testing/subjects.ts';

export const n1 = (change: (object: ReturnType<typeof node>) => void): KubeObject => node('n1', change);

export const web = (strategy: string | undefined, more: VmOptions = {}) =>
  vm('web', { on: 'n1', ...more, spec: { evictionStrategy: strategy as never, ...more.spec } });

export const marked = (name: string, on = 'n1') =>
  vm('web', { on, change: ({ vmi }) => Object.assign(vmi.status!, { evacuationNodeName: name }) });

export const front: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'front-1', namespace: NAMESPACE, labels: { app: 'front' } },
  spec: { nodeName: 'n1', containers: [] },
  status: { phase: 'Running' },
};

export const rest: Place = { objects: web('LiveMigrate') };
