import { busy } from './busy.ts';
import { hana } from './hana.ts';
import type { Scenario } from './scenario.ts';
import { small } from './small.ts';
import { sno } from './sno.ts';

/** The scenarios by name. Adding one is a file and a line here. */
export const scenarios: Record<string, Scenario> = { small, busy, hana, sno };
