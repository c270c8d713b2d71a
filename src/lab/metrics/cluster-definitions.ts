import type { Definition } from './exposition.ts';

const gauge = (help: string): Definition => ({ type: 'gauge', help });
const counter = (help: string): Definition => ({ type: 'counter', help });
const moment = (help: string): Definition => ({ type: 'gauge', help, time: true });

/** What of the metrics of HyperConverged's operator, node-exporter, the kubelet with cAdvisor, and kube-state-metrics the lab serves. */
export const clusterDefinitions: Record<string, Definition> = {
  // Prometheus's own about each target.
  up: gauge('Whether the target could be scraped.'),

  // hyperconverged-cluster-operator.
  kubevirt_hco_hyperconverged_cr_exists: gauge(
    'Indicates whether the HyperConverged custom resource exists (1) or not (0)',
  ),
  kubevirt_hco_system_health_status: gauge(
    'Indicates whether the system health status is healthy (0), warning (1), or error (2), by aggregating the conditions of HCO and its secondary resources',
  ),
  kubevirt_hco_out_of_band_modifications_total: {
    ...counter('Count of out-of-band modifications overwritten by HCO'),
    absolute: true,
  },
  kubevirt_hco_unsafe_modifications: gauge('Count of unsafe modifications in the HyperConverged annotations'),

  // node-exporter.
  node_boot_time_seconds: moment('Node boot time, in unixtime.'),
  node_cpu_seconds_total: counter('Seconds the CPUs spent in each mode.'),
  node_load1: gauge('1m load average.'),
  node_memory_MemTotal_bytes: gauge('Memory information field MemTotal_bytes.'),
  node_memory_MemFree_bytes: gauge('Memory information field MemFree_bytes.'),
  node_memory_MemAvailable_bytes: gauge('Memory information field MemAvailable_bytes.'),
  node_memory_Buffers_bytes: gauge('Memory information field Buffers_bytes.'),
  node_memory_Cached_bytes: gauge('Memory information field Cached_bytes.'),
  node_network_receive_bytes_total: counter('Network device statistic receive_bytes.'),
  node_network_receive_drop_total: counter('Network device statistic receive_drop.'),
  node_network_receive_errs_total: counter('Network device statistic receive_errs.'),
  node_network_transmit_bytes_total: counter('Network device statistic transmit_bytes.'),
  node_network_transmit_drop_total: counter('Network device statistic transmit_drop.'),
  node_network_transmit_errs_total: counter('Network device statistic transmit_errs.'),
  node_network_up: gauge("Value is 1 if operstate is 'up', 0 otherwise."),
  node_network_speed_bytes: gauge('Network device property: speed_bytes'),
  node_uname_info: gauge('Labeled system information as provided by the uname system call.'),

  // kubelet, cAdvisor.
  kubelet_node_name: gauge("The node's name. The count is always 1."),
  kubelet_running_pods: gauge('Number of pods that have a running pod sandbox'),
  container_cpu_usage_seconds_total: counter('Cumulative cpu time consumed in seconds.'),
  container_memory_rss: gauge('Size of RSS in bytes.'),
  container_memory_usage_bytes: gauge(
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
  ),
  container_memory_working_set_bytes: gauge('Current working set in bytes.'),
  node_cpu_usage_seconds_total: counter('Cumulative cpu time consumed by the node in core-seconds'),
  node_memory_working_set_bytes: gauge('Current working set of the node in bytes'),
  pod_cpu_usage_seconds_total: counter('Cumulative cpu time consumed by the pod in core-seconds'),
  pod_memory_working_set_bytes: gauge('Current working set of the pod in bytes'),

  // kube-state-metrics.
  kube_daemonset_status_desired_number_scheduled: gauge('The number of nodes that should be running the daemon pod.'),
  kube_daemonset_status_number_ready: gauge(
    'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.',
  ),
  kube_deployment_spec_replicas: gauge('Number of desired pods for a deployment.'),
  kube_deployment_status_replicas_available: gauge('The number of available replicas per deployment.'),
  kube_node_info: gauge('Information about a cluster node.'),
  kube_node_labels: gauge('Kubernetes labels converted to Prometheus labels.'),
  kube_node_role: gauge('The role of a cluster node.'),
  kube_node_spec_unschedulable: gauge('Whether a node can schedule new pods.'),
  kube_node_status_allocatable: gauge(
    'The allocatable for different resources of a node that are available for scheduling.',
  ),
  kube_node_status_capacity: gauge('The capacity for different resources of a node.'),
  kube_node_status_condition: gauge('The condition of a cluster node.'),
  kube_pod_container_resource_limits: gauge('The number of requested limit resource by a container.'),
  kube_pod_container_resource_requests: gauge('The number of requested request resource by a container.'),
  kube_pod_created: moment('Unix creation timestamp'),
  kube_pod_info: gauge('Information about pod.'),
  kube_pod_labels: gauge('Kubernetes labels converted to Prometheus labels.'),
  kube_pod_status_phase: gauge('The pods current phase.'),
  kube_pod_status_ready: gauge('Describes whether the pod is ready to serve requests.'),
  kube_persistentvolumeclaim_info: gauge('Information about persistent volume claim.'),
  kube_persistentvolumeclaim_resource_requests_storage_bytes: gauge(
    'The capacity of storage requested by the persistent volume claim.',
  ),
};
