import { apiVersion, type Kind, resourceName } from './kinds/kind.ts';

/**
 * A bookmark is an empty object of its kind with a resourceVersion. Of built-in kinds that is Go's zero value, with the
 * fields that are written even when empty; of the kinds whose bookmarks are recorded (run1, *.watch.jsonl) they are here.
 */
const ZERO: Record<string, object> = {
  pods: { spec: { containers: null }, status: {} },
  nodes: {
    spec: {},
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: '',
        osImage: '',
        containerRuntimeVersion: '',
        kubeletVersion: '',
        kubeProxyVersion: '',
        operatingSystem: '',
        architecture: '',
      },
    },
  },
  'poddisruptionbudgets.policy': {
    spec: {},
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  },
};

/** The line of a watch that says up to which resourceVersion nothing is missing. */
export function bookmarkLine(kind: Kind, version: string, metadata: object): string {
  const type = { apiVersion: apiVersion(kind.group, version), kind: kind.kind };
  const object = kind.custom
    ? { ...type, metadata }
    : { kind: type.kind, apiVersion: type.apiVersion, metadata, ...ZERO[resourceName(kind)] };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
