import type { Versions } from './rule.ts';

interface Alert extends Versions {
  alert: string;
  for?: string;
  severity: 'info' | 'warning' | 'critical';
  summary: string;
}

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
