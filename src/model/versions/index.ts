import { kubevirt16 } from './v1.6.ts';

export type { DefaultRole, PolicyRule } from './roles.ts';
export type { KubeVirtVersion, LauncherOverhead, LiveMigratableCheck } from './version.ts';
export { kubevirt16 };
