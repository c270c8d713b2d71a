/** What settings are to serve. */
export const goals = ['balanced', 'drain-fast', 'gentle', 'large-vms'] as const;
export type Goal = (typeof goals)[number];
