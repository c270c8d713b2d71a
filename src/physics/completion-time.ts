/**
 * Seconds a migration may take before KubeVirt's monitor gives it up, or switches it: the setting "per GiB" times the
 * guest's size in decimal gigabytes, rounded up (Quantity.ScaledValue(Giga); facts/kubevirt.md D1). 0: never.
 * @param bytes guest memory, plus local disks that travel too
 */
export function acceptableCompletionTime(completionTimeoutPerGiB: number, bytes: number): number {
  return completionTimeoutPerGiB * Math.ceil(bytes / 1e9);
}
