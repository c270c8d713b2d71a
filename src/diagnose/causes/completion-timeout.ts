import { atField, atLog, type Cause } from '../cause.ts';

const REASON = /not completed after (\d+) seconds/;

/** KubeVirt's monitor gave up: the guest writes faster than it can be copied, or the time is too short (facts/kubevirt.md D1, D2). */
export const completionTimeout: Cause = {
  id: 'migration/completion-timeout',
  title: 'It was not completed in time',
  source: 'mission: Issue 1; facts/kubevirt.md D1, D2; facts/anchors.md 6 rows 4, 6',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration({ migration, state, final, logs }) {
    if (!final || state?.failed !== true) return undefined;
    const said = REASON.exec(state.failureReason ?? '');
    const line = logs
      .filter(({ component }) => component === 'virt-launcher')
      .flatMap((log) => log.lines.map((text) => ({ log, text })))
      .find(({ text }) => REASON.test(text));
    const seconds = said?.[1] ?? (line === undefined ? undefined : REASON.exec(line.text)?.[1]);
    if (seconds === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `it was given up after ${seconds} s, the time KubeVirt allows a guest of this size (completionTimeoutPerGiB for each started GB)`,
      evidence: [
        atField(migration, '.status.migrationState.failureReason', state.failureReason),
        ...(line === undefined ? [] : [atLog(line.log, line.text)]),
      ],
      remedies: [
        'Move it when the guest writes less, or make it write less.',
        'Give this VM a MigrationPolicy with a longer completionTimeoutPerGiB, or with allowAutoConverge, which slows the guest down.',
        'Where the link was full, move it alone.',
      ],
    };
  },
  texts: [/migration exceeded timeout/i, REASON],
  meaning: {
    message:
      'The migration took longer than completionTimeoutPerGiB for each started gigabyte of the guest (10^9 bytes, rounded up), and KubeVirt gave it up.',
    remedies: ['See whether it converges, and against which deadline: ferry diagnose VM.'],
  },
};
