import type { Cause } from '../cause.ts';
import { clusterLimit } from './cluster-limit.ts';
import { completionTimeout } from './completion-timeout.ts';
import { causesOfVms } from './of-vms.ts';

/** Every cause. Where two are equally sure, the one that stands first is named. */
export const causes: readonly Cause[] = [completionTimeout, clusterLimit, ...causesOfVms];
