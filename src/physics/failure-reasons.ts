/** The failureReason KubeVirt writes when a migration is given up (facts/kubevirt.md D2). */
export interface FailureReasons {
  stuck(seconds: number): string;
  timeout(seconds: number): string;
  /** Cancelled by a user, or the migration object was deleted. */
  aborted: string;
}

/** KubeVirt v1.3 to v1.8. */
export const failureReasonsV1_3: FailureReasons = {
  stuck: (seconds) => `Live migration stuck for ${seconds} seconds and has been aborted`,
  timeout: (seconds) => `Live migration is not completed after ${seconds} seconds and has been aborted`,
  // With the space that KubeVirt leaves at the end.
  aborted: 'Live migration aborted ',
};

/** From KubeVirt v1.9 on one text for all; the cause is in the launcher's log only. */
export const failureReasonsV1_9: FailureReasons = {
  stuck: () => 'Live migration has been aborted',
  timeout: () => 'Live migration has been aborted',
  aborted: 'Live migration has been aborted',
};

/** The texts of a KubeVirt version such as `v1.6.2`. */
export function failureReasonsOf(kubevirt: string): FailureReasons {
  const [, major = '1', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(kubevirt) ?? [];
  return Number(major) > 1 || Number(minor) >= 9 ? failureReasonsV1_9 : failureReasonsV1_3;
}
