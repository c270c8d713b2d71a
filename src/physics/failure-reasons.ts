/** The failureReason KubeVirt's monitor writes when it gives a migration up (facts/kubevirt.md D2). */
export interface FailureReasons {
  stuck(seconds: number): string;
  timeout(seconds: number): string;
}

/** KubeVirt v1.3 to v1.8. */
export const failureReasonsV1_3: FailureReasons = {
  stuck: (seconds) => `Live migration stuck for ${seconds} seconds and has been aborted`,
  timeout: (seconds) => `Live migration is not completed after ${seconds} seconds and has been aborted`,
};

/** From KubeVirt v1.9 on one text for every abort; the cause is in the launcher's log only. */
export const failureReasonsV1_9: FailureReasons = {
  stuck: () => 'Live migration has been aborted',
  timeout: () => 'Live migration has been aborted',
};
