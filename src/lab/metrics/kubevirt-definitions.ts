import type { Definition } from './exposition.ts';

/**
 * KubeVirt's metrics as the lab serves them: type, HELP text and the minor versions that have them, as each release's
 * docs/observability/metrics.md lists them (v1.3.1 to v1.9.0; facts/kubevirt.md G1, G2).
 */
export const kubevirtDefinitions: Record<string, Definition> = {
  kubevirt_info: { type: 'gauge', help: 'Version information.' },
  kubevirt_virt_handler_ready_status: {
    type: 'gauge',
    help: 'Indication for a virt-handler that is ready to serve requests.',
    since: 8,
  },
  kubevirt_vmi_cpu_usage_seconds_total: {
    type: 'counter',
    help: 'Total CPU time spent in all modes (sum of both vcpu and hypervisor usage).',
  },
  kubevirt_vmi_cpu_user_usage_seconds_total: { type: 'counter', help: 'Total CPU time spent in user mode.' },
  kubevirt_vmi_cpu_system_usage_seconds_total: { type: 'counter', help: 'Total CPU time spent in system mode.' },
  kubevirt_vmi_vcpu_seconds_total: {
    type: 'counter',
    help: 'Total amount of time spent in each state by each vcpu (cpu_time excluding hypervisor time). Where `id` is the vcpu identifier and `state` can be one of the following: [`OFFLINE`, `RUNNING`, `BLOCKED`].',
  },
  kubevirt_vmi_vcpu_wait_seconds_total: {
    type: 'counter',
    help: 'Amount of time spent by each vcpu while waiting on I/O.',
  },
  kubevirt_vmi_vcpu_delay_seconds_total: {
    type: 'counter',
    help: 'Amount of time spent by each vcpu waiting in the queue instead of running.',
  },
  kubevirt_vmi_node_cpu_affinity: { type: 'gauge', help: 'Number of VMI CPU affinities to node physical cores.' },
  kubevirt_vmi_memory_domain_bytes: {
    type: 'gauge',
    help: 'The amount of memory in bytes allocated to the domain. The `memory` value in domain xml file.',
  },
  kubevirt_vmi_memory_available_bytes: {
    type: 'gauge',
    help: 'Amount of usable memory as seen by the domain. This value may not be accurate if a balloon driver is in use or if the guest OS does not initialize all assigned pages',
  },
  kubevirt_vmi_memory_unused_bytes: {
    type: 'gauge',
    help: 'The amount of memory left completely unused by the system. Memory that is available but used for reclaimable caches should NOT be reported as free.',
  },
  kubevirt_vmi_memory_usable_bytes: {
    type: 'gauge',
    help: "The amount of memory which can be reclaimed by balloon without pushing the guest system to swap, corresponds to 'Available' in /proc/meminfo.",
  },
  kubevirt_vmi_memory_cached_bytes: {
    type: 'gauge',
    help: 'The amount of memory that is being used to cache I/O and is available to be reclaimed, corresponds to the sum of `Buffers` + `Cached` + `SwapCached` in `/proc/meminfo`.',
  },
  kubevirt_vmi_memory_resident_bytes: { type: 'gauge', help: 'Resident set size of the process running the domain.' },
  kubevirt_vmi_memory_actual_balloon_bytes: { type: 'gauge', help: 'Current balloon size in bytes.' },
  kubevirt_vmi_memory_swap_in_traffic_bytes: {
    type: 'gauge',
    help: 'The total amount of data read from swap space of the guest in bytes.',
  },
  kubevirt_vmi_memory_swap_out_traffic_bytes: {
    type: 'gauge',
    help: 'The total amount of memory written out to swap space of the guest in bytes.',
  },
  kubevirt_vmi_memory_pgmajfault_total: {
    type: 'counter',
    help: 'The number of page faults when disk IO was required. Page faults occur when a process makes a valid access to virtual memory that is not available. When servicing the page fault, if disk IO is required, it is considered as major fault.',
  },
  kubevirt_vmi_memory_pgminfault_total: {
    type: 'counter',
    help: 'The number of other page faults, when disk IO was not required. Page faults occur when a process makes a valid access to virtual memory that is not available. When servicing the page fault, if disk IO is NOT required, it is considered as minor fault.',
  },
  kubevirt_vmi_dirty_rate_bytes_per_second: { type: 'gauge', help: 'Guest dirty-rate in bytes per second.', since: 6 },
  kubevirt_vmi_network_receive_bytes_total: { type: 'counter', help: 'Total network traffic received in bytes.' },
  kubevirt_vmi_network_transmit_bytes_total: { type: 'counter', help: 'Total network traffic transmitted in bytes.' },
  kubevirt_vmi_network_traffic_bytes_total: {
    type: 'counter',
    help: '[Deprecated] Total number of bytes sent and received.',
  },
  kubevirt_vmi_network_receive_packets_total: { type: 'counter', help: 'Total network traffic received packets.' },
  kubevirt_vmi_network_transmit_packets_total: { type: 'counter', help: 'Total network traffic transmitted packets.' },
  kubevirt_vmi_network_receive_errors_total: { type: 'counter', help: 'Total network received error packets.' },
  kubevirt_vmi_network_transmit_errors_total: { type: 'counter', help: 'Total network transmitted error packets.' },
  kubevirt_vmi_network_receive_packets_dropped_total: {
    type: 'counter',
    help: 'The total number of rx packets dropped on vNIC interfaces.',
  },
  kubevirt_vmi_network_transmit_packets_dropped_total: {
    type: 'counter',
    help: 'The total number of tx packets dropped on vNIC interfaces.',
  },
  kubevirt_vmi_storage_iops_read_total: { type: 'counter', help: 'Total number of I/O read operations.' },
  kubevirt_vmi_storage_iops_write_total: { type: 'counter', help: 'Total number of I/O write operations.' },
  kubevirt_vmi_storage_read_traffic_bytes_total: { type: 'counter', help: 'Total number of bytes read from storage.' },
  kubevirt_vmi_storage_write_traffic_bytes_total: { type: 'counter', help: 'Total number of written bytes.' },
  kubevirt_vmi_storage_read_times_seconds_total: { type: 'counter', help: 'Total time spent on read operations.' },
  kubevirt_vmi_storage_write_times_seconds_total: { type: 'counter', help: 'Total time spent on write operations.' },
  kubevirt_vmi_storage_flush_requests_total: { type: 'counter', help: 'Total storage flush requests.' },
  kubevirt_vmi_storage_flush_times_seconds_total: { type: 'counter', help: 'Total time spent on cache flushing.' },
  kubevirt_vmi_filesystem_capacity_bytes: { type: 'gauge', help: 'Total VM filesystem capacity in bytes.' },
  kubevirt_vmi_filesystem_used_bytes: { type: 'gauge', help: 'Used VM filesystem capacity in bytes.' },
  kubevirt_vmi_migration_data_processed_bytes: {
    type: 'gauge',
    help: 'The total Guest OS data processed and migrated to the new VM.',
  },
  kubevirt_vmi_migration_data_remaining_bytes: {
    type: 'gauge',
    help: 'The remaining guest OS data to be migrated to the new VM.',
  },
  kubevirt_vmi_migration_data_total_bytes: {
    type: 'counter',
    help: 'The total Guest OS data to be migrated to the new VM.',
    since: 5,
    until: 7,
    absolute: true,
  },
  kubevirt_vmi_migration_data_bytes_total: {
    type: 'counter',
    help: 'The total Guest OS data to be migrated to the new VM.',
    since: 8,
    absolute: true,
  },
  kubevirt_vmi_migration_dirty_memory_rate_bytes: {
    type: 'gauge',
    help: 'The rate of memory being dirty in the Guest OS.',
  },
  kubevirt_vmi_migration_disk_transfer_rate_bytes: {
    type: 'gauge',
    help: 'The rate at which the memory is being transferred.',
    until: 6,
  },
  kubevirt_vmi_migration_memory_transfer_rate_bytes: {
    type: 'gauge',
    help: 'The rate at which the memory is being transferred.',
    since: 7,
  },
  kubevirt_virt_controller_leading_status: { type: 'gauge', help: 'Indication for an operating virt-controller.' },
  kubevirt_virt_controller_ready_status: {
    type: 'gauge',
    help: 'Indication for a virt-controller that is ready to take the lead.',
  },
  kubevirt_configuration_emulation_enabled: {
    type: 'gauge',
    help: 'Indicates whether the Software Emulation is enabled in the configuration.',
  },
  kubevirt_vmi_info: { type: 'gauge', help: 'Information about VirtualMachineInstances.' },
  kubevirt_vmi_non_evictable: {
    type: 'gauge',
    help: 'Indication for a VirtualMachine that its eviction strategy is set to Live Migration but is not migratable.',
  },
  kubevirt_vmi_number_of_outdated: {
    type: 'gauge',
    help: 'Indication for the total number of VirtualMachineInstance workloads that are not running within the most up-to-date version of the virt-launcher environment.',
  },
  kubevirt_vmi_status_addresses: {
    type: 'gauge',
    help: "The addresses of a VirtualMachineInstance. This metric provides the address of an available network interface associated with the VMI in the 'address' label, and about the type of address, such as internal IP, in the 'type' label.",
    since: 4,
  },
  kubevirt_vmi_vnic_info: {
    type: 'gauge',
    help: 'Details of VirtualMachineInstance (VMI) vNIC interfaces, such as vNIC name, binding type, network name, and binding name for each vNIC of a running instance.',
    since: 5,
  },
  kubevirt_vmi_launcher_memory_overhead_bytes: {
    type: 'gauge',
    help: "Estimation of the memory amount required for virt-launcher's infrastructure components (e.g. libvirt, QEMU).",
  },
  kubevirt_vmi_migration_start_time_seconds: {
    type: 'gauge',
    help: 'The time at which the migration started.',
    since: 4,
    time: true,
  },
  kubevirt_vmi_migration_end_time_seconds: {
    type: 'gauge',
    help: 'The time at which the migration ended.',
    since: 4,
    time: true,
  },
  kubevirt_vmi_migrations_in_pending_phase: { type: 'gauge', help: 'Number of current pending migrations.' },
  kubevirt_vmi_migrations_in_scheduling_phase: { type: 'gauge', help: 'Number of current scheduling migrations.' },
  kubevirt_vmi_migrations_in_unset_phase: {
    type: 'gauge',
    help: 'Number of current unset migrations. These are pending items the virt-controller hasn’t processed yet from the queue.',
    since: 4,
  },
  kubevirt_vmi_migrations_in_running_phase: { type: 'gauge', help: 'Number of current running migrations.' },
  kubevirt_vmi_migration_succeeded: { type: 'gauge', help: 'Indicates if the VMI migration succeeded.' },
  kubevirt_vmi_migration_failed: { type: 'gauge', help: 'Indicates if the VMI migration failed.' },
  kubevirt_vmi_migration_phase_transition_time_from_creation_seconds: {
    type: 'histogram',
    help: 'Histogram of VM migration phase transitions duration from creation time in seconds.',
  },
  kubevirt_vm_info: { type: 'gauge', help: 'Information about Virtual Machines.', since: 4 },
  kubevirt_vm_create_date_timestamp_seconds: {
    type: 'gauge',
    help: 'Virtual Machine creation timestamp.',
    since: 5,
    time: true,
  },
  kubevirt_vm_resource_requests: {
    type: 'gauge',
    help: 'Resources requested by Virtual Machine. Reports memory and CPU requests.',
    since: 4,
  },
  kubevirt_vm_disk_allocated_size_bytes: {
    type: 'gauge',
    help: 'Allocated disk size of a Virtual Machine in bytes, based on its PersistentVolumeClaim. Includes persistentvolumeclaim (PVC name), volume_mode (disk presentation mode: Filesystem or Block), and device (disk name).',
    since: 4,
  },
  kubevirt_vm_starting_status_last_transition_timestamp_seconds: {
    type: 'counter',
    help: 'Virtual Machine last transition timestamp to starting status.',
    time: true,
  },
  kubevirt_vm_running_status_last_transition_timestamp_seconds: {
    type: 'counter',
    help: 'Virtual Machine last transition timestamp to running status.',
    time: true,
  },
  kubevirt_vm_migrating_status_last_transition_timestamp_seconds: {
    type: 'counter',
    help: 'Virtual Machine last transition timestamp to migrating status.',
    time: true,
  },
  kubevirt_vm_non_running_status_last_transition_timestamp_seconds: {
    type: 'counter',
    help: 'Virtual Machine last transition timestamp to paused/stopped status.',
    time: true,
  },
  kubevirt_vm_error_status_last_transition_timestamp_seconds: {
    type: 'counter',
    help: 'Virtual Machine last transition timestamp to error status.',
    time: true,
  },
  kubevirt_virt_api_ready_status: {
    type: 'gauge',
    help: 'Indication for a virt-api server that is ready to serve requests.',
    since: 8,
  },
  kubevirt_virt_operator_leading_status: { type: 'gauge', help: 'Indication for an operating virt-operator.' },
  kubevirt_virt_operator_ready_status: {
    type: 'gauge',
    help: 'Indication for a virt-operator that is ready to take the lead.',
  },
};
