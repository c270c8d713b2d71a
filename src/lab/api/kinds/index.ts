import { builtinKinds } from './builtin.ts';
import { coreKinds } from './core.ts';
import type { Kind } from './kind.ts';
import { kubevirtKinds } from './kubevirt.ts';
import { operatorKinds } from './operators.ts';

/** Every kind the lab's API server stores and serves. */
export const kinds: Kind[] = [...coreKinds, ...builtinKinds, ...kubevirtKinds, ...operatorKinds];
