import type { Cause } from '../cause.ts';
import { handlerImagePull } from './handler-image-pull.ts';
import { handlerLabel } from './handler-label.ts';
import { handlerNetworkFails } from './handler-network-fails.ts';
import { handlerNetworkMissing } from './handler-network-missing.ts';
import { handlerNoAddress } from './handler-no-address.ts';
import { handlerNoAddressLeft } from './handler-no-address-left.ts';
import { handlerNotReady } from './handler-not-ready.ts';
import { handlerRollout } from './handler-rollout.ts';
import { handlerSilent } from './handler-silent.ts';
import { machineConfig } from './machine-config.ts';
import { networkPolicyFailed } from './network-policy-failed.ts';
import { nodeCordoned } from './node-cordoned.ts';
import { nodeDrainTaint } from './node-drain-taint.ts';
import { nodeLink } from './node-link.ts';
import { nodeNoMigrationInterface } from './node-no-migration-interface.ts';
import { nodeNotReady } from './node-not-ready.ts';
import { nodeOutbound } from './node-outbound.ts';

/** Causes that look at a node and its virt-handler; the graver first, and what says why before what says that. */
export const causesOfNodes: readonly Cause[] = [
  nodeNotReady,
  handlerNetworkMissing,
  handlerNoAddressLeft,
  handlerNetworkFails,
  handlerNoAddress,
  handlerImagePull,
  handlerNotReady,
  handlerSilent,
  handlerLabel,
  nodeNoMigrationInterface,
  networkPolicyFailed,
  machineConfig,
  nodeDrainTaint,
  nodeLink,
  nodeOutbound,
  nodeCordoned,
  handlerRollout,
];
