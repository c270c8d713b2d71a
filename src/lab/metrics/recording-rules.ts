import type { Versions } from './rule.ts';

interface Recording extends Versions {
  record: string;
  labels?: Record<string, string>;
}

const COMPONENTS = ['api', 'controller', 'operator', 'handler'];

/** v1.8 renamed its rules by level:metric:operation and kept the old names as aliases; the expressions are the same. */
const RENAMED: [name: string, former: string, expr: string, since?: number][] = [
  ...COMPONENTS.map((component): [string, string, string] => [
    `cluster:kubevirt_virt_${component}_up:sum`,
    `kubevirt_virt_${component}_up`,
    `sum(up{namespace='$NAMESPACE', pod=~'virt-${component}-.*'}) or vector(0)`,
  ]),
  [
    'cluster:kubevirt_virt_operator_leading:sum',
    'kubevirt_virt_operator_leading',
    "sum(kubevirt_virt_operator_leading_status{namespace='$NAMESPACE'})",
  ],
  [
    'cluster:kubevirt_virt_operator_ready:sum',
    'kubevirt_virt_operator_ready',
    "sum(kube_pod_status_ready{pod=~'virt-operator-.*', namespace='$NAMESPACE', condition='true'} * on(pod, namespace) kubevirt_virt_operator_ready_status{namespace='$NAMESPACE'}) or vector(0)",
  ],
  [
    'cluster:kubevirt_nodes_with_kvm:count',
    'kubevirt_nodes_with_kvm',
    "count(kube_node_status_allocatable{resource='devices_kubevirt_io_kvm'} != 0) or vector(0)",
  ],
  [
    'vmi:kubevirt_vmi_memory_used_bytes:sum',
    'kubevirt_vmi_memory_used_bytes',
    'kubevirt_vmi_memory_available_bytes-kubevirt_vmi_memory_usable_bytes',
  ],
  [
    'node:kubevirt_vmi_phase:sum',
    'kubevirt_vmi_phase_count',
    'sum by (node, phase, os, workload, flavor, instance_type, preference, guest_os_kernel_release, guest_os_machine, guest_os_arch, guest_os_name, guest_os_version_id) (kubevirt_vmi_info)',
  ],
  [
    'vmi:kubevirt_vmi_vcpu:count',
    'kubevirt_vmi_vcpu_count',
    'count by (namespace, name, node) (kubevirt_vmi_vcpu_seconds_total)',
    6,
  ],
  [
    'pod_container:kubevirt_vm_memory_request_margin_based_on_working_set_bytes:sum',
    'kubevirt_vm_container_memory_request_margin_based_on_working_set_bytes',
    "sum by(pod, container, namespace) (kube_pod_container_resource_requests{pod=~'virt-launcher-.*', container='compute', resource='memory'} - on(pod,container, namespace) max by(pod, container, namespace) (container_memory_working_set_bytes{pod=~'virt-launcher-.*', container='compute'}))",
    7,
  ],
  [
    'pod_container:kubevirt_vm_memory_request_margin_based_on_rss_bytes:sum',
    'kubevirt_vm_container_memory_request_margin_based_on_rss_bytes',
    "sum by(pod, container, namespace) (kube_pod_container_resource_requests{pod=~'virt-launcher-.*', container='compute', resource='memory'} - on(pod,container, namespace) container_memory_rss{pod=~'virt-launcher-.*', container='compute'})",
    7,
  ],
];

const ORDINARY = "sum (count by (node) (kube_node_role{role=~'arbiter'})) or vector(0)";
const BUSY = 'mode!="idle",mode!="iowait",mode!="steal"';

/** Recording rules (KubeVirt pkg/monitoring/rules/recordingrules, v1.3.1 to v1.9.0), and the node-exporter mixin's as OpenShift has them. */
export const RECORDINGS: Recording[] = [
  { record: 'instance:node_num_cpu:sum', expr: 'count without (cpu, mode) (node_cpu_seconds_total{mode="idle"})' },
  { record: 'instance:node_cpu:rate:sum', expr: `sum by (instance) (rate(node_cpu_seconds_total{${BUSY}}[3m]))` },
  {
    record: 'instance:node_cpu_utilisation:rate1m',
    expr: '1 - avg without (cpu) (sum without (mode) (rate(node_cpu_seconds_total{mode=~"idle|iowait|steal"}[1m])))',
  },
  { since: 6, record: 'cluster:kubevirt_non_schedulable_nodes:sum', expr: ORDINARY },
  { until: 5, record: 'kubevirt_allocatable_nodes', expr: 'count(count (kube_node_status_allocatable) by (node))' },
  {
    since: 6,
    until: 7,
    record: 'kubevirt_allocatable_nodes',
    expr: 'count(count (kube_node_status_allocatable) by (node)) - cluster:kubevirt_non_schedulable_nodes:sum',
  },
  {
    since: 8,
    record: 'cluster:kubevirt_nodes_allocatable:count',
    expr: 'count(count (kube_node_status_allocatable) by (node)) - cluster:kubevirt_non_schedulable_nodes:sum',
  },
  { since: 8, record: 'kubevirt_allocatable_nodes', expr: 'cluster:kubevirt_nodes_allocatable:count' },
  ...RENAMED.flatMap(([name, former, expr, since = 0]): Recording[] => [
    { since, until: 7, record: former, expr },
    { since: 8, record: name, expr },
    { since: 8, record: former, expr: name },
  ]),
  { since: 8, record: 'kubevirt_vmi_migration_data_total_bytes', expr: 'kubevirt_vmi_migration_data_bytes_total' },
  {
    until: 6,
    record: 'kubevirt_virt_controller_ready',
    expr: "sum(kubevirt_virt_controller_ready_status{namespace='$NAMESPACE'}) or vector(0)",
  },
  {
    since: 7,
    until: 7,
    record: 'kubevirt_virt_controller_ready',
    expr: "count(kube_pod_status_ready{pod=~'virt-controller-.*', namespace='$NAMESPACE', condition='true'} + on(pod, namespace) kubevirt_virt_controller_ready_status{namespace='$NAMESPACE'}) or vector(0)",
  },
  {
    since: 7,
    until: 7,
    record: 'cluster:kubevirt_virt_controller_pods_running:count',
    expr: "count(kube_pod_status_phase{pod=~'virt-controller-.*', namespace='$NAMESPACE', phase='Running'} == 1) or vector(0)",
  },
  ...['api', 'controller', 'handler'].map(
    (component): Recording => ({
      since: 8,
      record: `cluster:kubevirt_virt_${component}_ready:sum`,
      expr: `sum(kube_pod_status_ready{pod=~'virt-${component}-.*', namespace='$NAMESPACE', condition='true'} * on(pod, namespace) kubevirt_virt_${component}_ready_status{namespace='$NAMESPACE'}) or vector(0)`,
    }),
  ),
  { since: 8, record: 'kubevirt_virt_controller_ready', expr: 'cluster:kubevirt_virt_controller_ready:sum' },
  ...COMPONENTS.map(
    (component): Recording => ({
      since: 8,
      record: `cluster:kubevirt_virt_${component}_pods_running:count`,
      expr: `count(kube_pod_status_phase{pod=~'virt-${component}-.*', namespace='$NAMESPACE', phase='Running'} == 1) or vector(0)`,
    }),
  ),
  {
    until: 6,
    record: 'kubevirt_vm_container_free_memory_bytes_based_on_working_set_bytes',
    expr: "sum by(pod, container, namespace) (kube_pod_container_resource_requests{pod=~'virt-launcher-.*', container='compute', resource='memory'}- on(pod,container, namespace) max by(pod, container, namespace) (container_memory_working_set_bytes{pod=~'virt-launcher-.*', container='compute'}))",
  },
  {
    until: 6,
    record: 'kubevirt_vm_container_free_memory_bytes_based_on_rss',
    expr: "sum by(pod, container, namespace) (kube_pod_container_resource_requests{pod=~'virt-launcher-.*', container='compute', resource='memory'}- on(pod,container, namespace) container_memory_rss{pod=~'virt-launcher-.*', container='compute'})",
  },
  {
    since: 8,
    record: 'vmi:kubevirt_vmi_memory_headroom_ratio:sum',
    expr: 'sum by (name, namespace) (kubevirt_vmi_memory_usable_bytes) / sum by (name, namespace) (kubevirt_vmi_memory_available_bytes)',
  },
  {
    since: 8,
    record: 'vmi:kubevirt_vmi_memory_available_bytes:sum',
    expr: 'sum by (name, namespace) (kubevirt_vmi_memory_available_bytes)',
  },
  ...['5m', '30m'].flatMap((window): Recording[] => [
    {
      since: 8,
      record: `vmi:kubevirt_vmi_pgmajfaults:rate${window}`,
      expr: `sum by (name, namespace) (rate(kubevirt_vmi_memory_pgmajfault_total[${window}]))`,
    },
    {
      since: 8,
      record: `vmi:kubevirt_vmi_swap_traffic_bytes:rate${window}`,
      expr: `sum by (name, namespace) (rate(kubevirt_vmi_memory_swap_in_traffic_bytes[${window}])) + sum by (name, namespace) (rate(kubevirt_vmi_memory_swap_out_traffic_bytes[${window}]))`,
    },
  ]),
];
