import { api429 } from './api-429.ts';
import { api500 } from './api-500.ts';
import { api503 } from './api-503.ts';
import { apiLatency } from './api-latency.ts';
import { apiReset } from './api-reset.ts';
import { apiRestart } from './api-restart.ts';
import { compaction } from './compaction.ts';
import type { Fault } from './fault.ts';
import { staleReads } from './stale-reads.ts';
import { watchDrop } from './watch-drop.ts';

/** What can be broken, in the order in which it is listed. */
export const faults: readonly Fault[] = [
  api429,
  api500,
  api503,
  apiLatency,
  apiReset,
  apiRestart,
  watchDrop,
  compaction,
  staleReads,
];
