import { type KubeVirtVersion, kubevirt16 } from '../../../model/versions/index.ts';
import { builtinKinds } from './builtin.ts';
import { coreKinds } from './core.ts';
import { deschedulerKind } from './descheduler.ts';
import { hyperConvergedKind } from './hyperconverged.ts';
import type { Kind } from './kind.ts';
import { kubevirtKinds } from './kubevirt.ts';
import { operatorKinds } from './operators.ts';

/** Every kind that the API server of a cluster with this KubeVirt stores and serves. */
export function kindsOf(version: KubeVirtVersion): Kind[] {
  return [
    ...coreKinds,
    ...builtinKinds,
    ...kubevirtKinds(version),
    hyperConvergedKind(version),
    deschedulerKind,
    ...operatorKinds,
  ];
}

/** Those of a cluster with KubeVirt 1.6. */
export const kinds: Kind[] = kindsOf(kubevirt16);
