import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/**
 * Why PodSecurity admission would turn a launcher pod down, in its words; undefined if it would not. Of what the profiles
 * forbid a launcher has at most two things: paths of its node (a hostDisk), and what it needs to run as root: the
 * capability SYS_NICE, privileges, user 0 (KubeVirt pkg/virt-controller/services, requiredCapabilities,
 * computePodSecurityContext; k8s.io/pod-security-admission/policy). One that runs as qemu fits in every profile.
 */
export function violatesPodSecurity(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): string | undefined {
  const namespace = cluster.store.get<KubeObject>(resources.namespaces, undefined, pod.metadata.namespace ?? '');
  const level = namespace?.metadata.labels?.[ENFORCE];
  if (level !== 'baseline' && level !== 'restricted') return undefined;
  const version = namespace?.metadata.labels?.[`${ENFORCE}-version`] ?? 'latest';
  const paths = (pod.spec?.volumes ?? []).flatMap(({ name, hostPath }) =>
    hostPath === undefined ? [] : [`"${name}"`],
  );
  const root = vmi.status?.runtimeUser === 0;
  const why = level === 'baseline' ? baseline(paths, root) : restricted(paths, root);
  if (why.length === 0) return undefined;
  return `pods "${pod.metadata.name}" is forbidden: violates PodSecurity "${level}:${version}": ${why.join(', ')}`;
}

const NICE = 'container "compute" must not include "SYS_NICE" in securityContext.capabilities.add';

function baseline(paths: string[], root: boolean): string[] {
  return [
    ...(root ? [`non-default capabilities (${NICE})`] : []),
    ...(paths.length === 0 ? [] : [`hostPath volumes (${plural(paths.length)} ${paths.join(', ')})`]),
  ];
}

function restricted(paths: string[], root: boolean): string[] {
  const many = paths.length > 1;
  return [
    ...(root
      ? [
          'allowPrivilegeEscalation != false (container "compute" must set securityContext.allowPrivilegeEscalation=false)',
          `unrestricted capabilities (container "compute" must set securityContext.capabilities.drop=["ALL"]; ${NICE})`,
        ]
      : []),
    ...(paths.length === 0
      ? []
      : [
          `restricted volume types (${plural(paths.length)} ${paths.join(', ')} ${many ? 'use' : 'uses'} restricted volume type "hostPath")`,
        ]),
    ...(root
      ? [
          'runAsNonRoot != true (pod or container "compute" must set securityContext.runAsNonRoot=true)',
          'runAsUser=0 (pod must not set runAsUser=0)',
        ]
      : []),
  ];
}

function plural(count: number): string {
  return count === 1 ? 'volume' : 'volumes';
}
