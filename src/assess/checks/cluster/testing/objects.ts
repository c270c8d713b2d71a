import type { KubeObject } from '../../../../model/objects.ts';
import { vm } from '../../../../model/testing/fixtures.ts';

export const CNV = 'openshift-cnv';

export const on = (strategy?: string) => vm('web', { on: 'n1', spec: { evictionStrategy: strategy as never } });

export const nad = (config: Record<string, unknown> | string, namespace = CNV): KubeObject =>
  ({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'mig', namespace },
    spec: { config: typeof config === 'string' ? config : JSON.stringify(config) },
  }) as KubeObject;

export const ipam = { type: 'whereabouts', range: '10.200.5.0/24' };

export const macvlan = { type: 'macvlan', master: 'enp4s0', mtu: 9000, ipam };
