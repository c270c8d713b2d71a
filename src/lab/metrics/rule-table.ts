/** A rule, and the first and last minor version of KubeVirt that has it so. `$NAMESPACE` is where KubeVirt is installed. */
interface Versions {
  since?: number;
  until?: number;
  expr: string;
}

interface Recording extends Versions {
  record: string;
  labels?: Record<string, string>;
}

interface Alert extends Versions {
  alert: string;
  for?: string;
  severity: 'info' | 'warning' | 'critical';
  summary: string;
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

const CONTROL_PLANE = ['api', 'controller', 'operator'];
const EVICTABLE = 'kubevirt_vmi_non_evictable * on(name, namespace) group_left() ';
const STUCK =
  "sum by (name, namespace, status)(kubevirt_vm_info{status='provisioning'}==1 or kubevirt_vm_info{status='starting'} == 1 or kubevirt_vm_info{status='terminating'} == 1 or kubevirt_vm_info{status_group='error'} == 1) unless on(name, namespace) kubevirt_vmi_info";
const VMIS = "kubevirt_vmi_info{phase=~'scheduled|running'}";

/** KubeVirt's alerts about VMs, migrations and what carries them out, and HCO's about settings (facts/kubevirt.md G3; pkg/monitoring/rules/alerts). */
export const ALERTS: Alert[] = [
  {
    until: 3,
    alert: 'VMCannotBeEvicted',
    expr: 'kubevirt_vmi_non_evictable > 0',
    for: '1m',
    severity: 'warning',
    summary: "The VM's eviction strategy is set to Live Migration but the VM is not migratable",
  },
  {
    since: 4,
    until: 7,
    alert: 'VMCannotBeEvicted',
    expr: `${EVICTABLE}kubevirt_vmi_info{phase='running'} == 1`,
    for: '1m',
    severity: 'warning',
    summary: "The VM's eviction strategy is set to Live Migration but the VM is not migratable",
  },
  {
    since: 8,
    alert: 'VMCannotBeEvicted',
    expr: `${EVICTABLE}topk by(name, namespace) (1, kubevirt_vmi_info{phase='running'}) == 1`,
    for: '1m',
    severity: 'warning',
    summary: "The VM's eviction strategy is set to Live Migration but the VM is not migratable",
  },
  {
    alert: 'KubeVirtVMIExcessiveMigrations',
    expr: 'sum by (vmi, namespace) (topk by (vmi, namespace, vmim) (1, max_over_time(kubevirt_vmi_migration_succeeded[1d]))) >= 12',
    severity: 'warning',
    summary: 'An excessive amount of migrations have been detected on a VirtualMachineInstance in the last 24 hours.',
  },
  {
    alert: 'OutdatedVirtualMachineInstanceWorkloads',
    expr: 'kubevirt_vmi_number_of_outdated != 0',
    for: '24h',
    severity: 'warning',
    summary: 'Some running VMIs are still active in outdated pods after KubeVirt control plane update has completed.',
  },
  {
    alert: 'OrphanedVirtualMachineInstances',
    expr: "(((max by (node) (kube_pod_status_ready{condition='true',pod=~'virt-handler.*'} * on(pod) group_left(node) max by(pod,node)(kube_pod_info{pod=~'virt-handler.*',node!=''})) ) == 1) or (count by (node)( kube_pod_info{pod=~'virt-launcher.*',node!=''})*0)) == 0",
    for: '10m',
    severity: 'warning',
    summary: 'No ready virt-handler pod detected on node {{ $labels.node }} with running vmis for more than 10 minutes',
  },
  {
    until: 4,
    alert: 'KubevirtVmHighMemoryUsage',
    expr: 'kubevirt_vm_container_free_memory_bytes_based_on_working_set_bytes < 52428800 or kubevirt_vm_container_free_memory_bytes_based_on_rss < 52428800',
    for: '1m',
    severity: 'warning',
    summary:
      'VM is at risk of being evicted and in serious cases of memory exhaustion being terminated by the runtime.',
  },
  {
    since: 7,
    alert: 'VirtualMachineStuckInUnhealthyState',
    expr: STUCK,
    for: '10m',
    severity: 'warning',
    summary: 'Virtual machine in {{ $labels.status }} state for more than 10 minutes',
  },
  {
    since: 7,
    alert: 'VirtualMachineStuckOnNode',
    expr: `sum by (name, namespace, status, node)((kubevirt_vm_info{status='starting'} == 1 or kubevirt_vm_info{status='stopping'} == 1 or kubevirt_vm_info{status='terminating'} == 1 or (kubevirt_vm_info{status_group='error'} == 1 and on(name, namespace) ${VMIS}) ) * on(name, namespace) group_left(node) topk by(name, namespace) (1, ${VMIS}))`,
    for: '5m',
    severity: 'warning',
    summary: 'Virtual machine stuck in unhealthy state for more than 5 minutes',
  },
  {
    since: 8,
    alert: 'VirtLauncherPodsStuckFailed',
    expr: "sum(kube_pod_status_phase{phase='Failed', pod=~'virt-launcher-.*'}) >= 200",
    for: '10m',
    severity: 'warning',
    summary: 'At least 200 virt-launcher pods are stuck in the Failed phase',
  },
  {
    since: 8,
    alert: 'KubeVirtVMGuestMemoryAvailableLow',
    expr: '((vmi:kubevirt_vmi_memory_headroom_ratio:sum < 0.03) and (vmi:kubevirt_vmi_swap_traffic_bytes:rate30m < 2048) and (vmi:kubevirt_vmi_pgmajfaults:rate30m < 1) and (vmi:kubevirt_vmi_memory_available_bytes:sum > 0))',
    for: '30m',
    severity: 'info',
    summary: 'The VirtualMachine has low available memory without swap',
  },
  {
    until: 7,
    alert: 'LowKVMNodesCount',
    expr: '(kubevirt_allocatable_nodes > 1) and (kubevirt_nodes_with_kvm < 2)',
    for: '5m',
    severity: 'warning',
    summary: 'At least two nodes with kvm resource required for VM live migration.',
  },
  {
    since: 8,
    alert: 'LowKVMNodesCount',
    expr: '(cluster:kubevirt_nodes_allocatable:count > 1) and (cluster:kubevirt_nodes_with_kvm:count < 2)',
    for: '5m',
    severity: 'warning',
    summary: 'At least two nodes with kvm resource required for VM live migration.',
  },
  {
    until: 7,
    alert: 'KubeVirtNoAvailableNodesToRunVMs',
    expr: "((sum(kube_node_status_allocatable{resource='devices_kubevirt_io_kvm'}) or on() vector(0)) == 0 and (sum(kubevirt_configuration_emulation_enabled) or on() vector(0)) == 0) or (sum(kube_node_labels{label_kubevirt_io_schedulable='true'}) or on() vector(0)) == 0",
    for: '5m',
    severity: 'warning',
    summary: 'There are no available nodes in the cluster to run VMs.',
  },
  {
    since: 8,
    alert: 'KubeVirtNoAvailableNodesToRunVMs',
    expr: "((cluster:kubevirt_nodes_with_kvm:count or on() vector(0)) == 0  and (sum(kubevirt_configuration_emulation_enabled) or on() vector(0)) == 0)  or (sum(kube_node_labels{label_kubevirt_io_schedulable='true'} * on(node) group_left() (1 - kube_node_spec_unschedulable))  or on() vector(0)) == 0",
    for: '5m',
    severity: 'warning',
    summary: 'There are no available nodes in the cluster to run VMs.',
  },
  {
    alert: 'VirtHandlerDaemonSetRolloutFailing',
    expr: "(kube_daemonset_status_number_ready{namespace='$NAMESPACE', daemonset='virt-handler'} - kube_daemonset_status_desired_number_scheduled{namespace='$NAMESPACE', daemonset='virt-handler'}) != 0",
    for: '15m',
    severity: 'warning',
    summary: 'Some virt-handlers failed to roll out',
  },
  {
    since: 8,
    alert: 'VirtHandlerDown',
    expr: 'cluster:kubevirt_virt_handler_pods_running:count == 0',
    for: '10m',
    severity: 'critical',
    summary: 'No running virt-handler pods were detected for the last 10 min.',
  },
  {
    since: 8,
    alert: 'NoReadyVirtHandler',
    expr: 'cluster:kubevirt_virt_handler_ready:sum == 0',
    for: '10m',
    severity: 'critical',
    summary: 'No ready virt-handler was detected for the last 10 min.',
  },
  {
    since: 8,
    alert: 'LowReadyVirtHandlerCount',
    expr: 'cluster:kubevirt_virt_handler_ready:sum < cluster:kubevirt_virt_handler_pods_running:count and cluster:kubevirt_virt_handler_ready:sum > 0',
    for: '10m',
    severity: 'warning',
    summary: 'Some virt-handlers are running but not ready.',
  },
  ...CONTROL_PLANE.flatMap((component): Alert[] => {
    const name = { api: 'VirtAPI', controller: 'VirtController', operator: 'VirtOperator' }[component] ?? '';
    const about = { for: '10m', severity: 'critical' as const, summary: `All virt-${component} servers are down.` };
    return [
      { until: 7, alert: `${name}Down`, expr: `kubevirt_virt_${component}_up == 0`, ...about },
      { since: 8, alert: `${name}Down`, expr: `cluster:kubevirt_virt_${component}_pods_running:count == 0`, ...about },
    ];
  }),
  ...['controller', 'operator'].flatMap((component): Alert[] => {
    const name = component === 'controller' ? 'VirtController' : 'VirtOperator';
    const none = {
      for: '10m',
      severity: 'critical' as const,
      summary: `No ready virt-${component} was detected for the last 10 min.`,
    };
    const few = {
      for: '10m',
      severity: 'warning' as const,
      summary: `Some virt-${component}s are running but not ready.`,
    };
    const ready = `cluster:kubevirt_virt_${component}_ready:sum`;
    const running = `cluster:kubevirt_virt_${component}_pods_running:count`;
    const former = `kubevirt_virt_${component}`;
    return [
      { until: 7, alert: `NoReady${name}`, expr: `${former}_ready == 0`, ...none },
      { since: 8, alert: `NoReady${name}`, expr: `${ready} == 0`, ...none },
      { until: 7, alert: `LowReady${name}sCount`, expr: `${former}_ready <  ${former}_up`, ...few },
      { since: 8, alert: `LowReady${name}sCount`, expr: `${ready} < ${running} and ${ready} > 0`, ...few },
    ];
  }),
  {
    alert: 'KubeVirtCRModified',
    expr: 'sum by(component_name) ((round(increase(kubevirt_hco_out_of_band_modifications_total[10m]))>0 and kubevirt_hco_out_of_band_modifications_total offset 10m) or (kubevirt_hco_out_of_band_modifications_total != 0 unless kubevirt_hco_out_of_band_modifications_total offset 10m))',
    severity: 'warning',
    summary: '{{ $value }} out-of-band CR modifications were detected in the last 10 minutes.',
  },
  {
    alert: 'UnsupportedHCOModification',
    expr: 'sum by(annotation_name, namespace) ((kubevirt_hco_unsafe_modifications)>0)',
    severity: 'info',
    summary: '{{ $value }} unsafe modifications were detected in the HyperConverged resource.',
  },
];
