import { isDeepStrictEqual } from 'node:util';
import { ApiError, isConflict, isNotFound } from '../kube/errors.ts';
import type { CallOptions, KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import { apiVersionOf, resources } from './resources.ts';

export const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** The field manager of everything Ferry writes. */
const FIELD_MANAGER = 'ferry';

export interface WriteMode extends CallOptions {
  /** The API server checks and answers, but changes nothing. */
  dryRun?: boolean;
}

export interface NewMigration {
  namespace: string;
  /** Decided by the caller, so that asking again can't make a second one. */
  name: string;
  vmiName: string;
  /** KubeVirt 1.6 and later: restricts the target for this migration only. */
  addedNodeSelector?: Record<string, string>;
  /** Ferry's labels. The run's may differ on an existing migration: another run decided the same. */
  labels: Record<string, string>;
}

export interface CreatedMigration {
  migration: VirtualMachineInstanceMigration;
  /** False if it existed already: an earlier attempt had arrived. */
  created: boolean;
}

/**
 * Creates a migration. Where one of this name exists already for this VMI and node, made by Ferry, that one is the result.
 * Throws FERRY_E_REFUSED if the name is taken by another, else the client's KubeError.
 */
export async function createMigration(
  client: KubeClient,
  { namespace, name, vmiName, addedNodeSelector, labels }: NewMigration,
  mode: WriteMode = {},
): Promise<CreatedMigration> {
  const resource = resources.migrations;
  const object: VirtualMachineInstanceMigration = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name, namespace, labels },
    spec: { vmiName, ...(addedNodeSelector !== undefined && { addedNodeSelector }) },
  };
  try {
    const migration = await client.create(resource, object, { ...mode, namespace, fieldManager: FIELD_MANAGER });
    return { migration, created: true };
  } catch (error) {
    if (!mayExist(error)) throw error;
    const migration = await existing(client, namespace, name, mode);
    if (migration === undefined) throw error;
    if (isSame(migration, { vmiName, addedNodeSelector, labels })) return { migration, created: false };
    throw new FerryError(
      'FERRY_E_REFUSED',
      `A migration ${namespace}/${name} exists already, and it is not the one Ferry would create for VM ${vmiName}.`,
      `Look at it with: ferry get migrations -n ${namespace}. Wait until it is gone, or delete it if it is yours.`,
      { cause: error },
    );
  }
}

// While a migration runs, KubeVirt's webhook answers 400 before the API server looks at the name (recordings/README).
function mayExist(error: unknown): boolean {
  return (
    isConflict(error) ||
    (error instanceof ApiError && error.status === 400 && error.message.includes('in-flight migration detected'))
  );
}

async function existing(
  client: KubeClient,
  namespace: string,
  name: string,
  { signal, timeout }: CallOptions,
): Promise<VirtualMachineInstanceMigration | undefined> {
  try {
    return await client.get<VirtualMachineInstanceMigration>(resources.migrations, name, {
      namespace,
      ...(signal !== undefined && { signal }),
      ...(timeout !== undefined && { timeout }),
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isSame(
  { metadata, spec }: VirtualMachineInstanceMigration,
  wanted: Pick<NewMigration, 'vmiName' | 'addedNodeSelector' | 'labels'>,
): boolean {
  return (
    spec.vmiName === wanted.vmiName &&
    metadata.labels?.[MANAGED_BY] === wanted.labels[MANAGED_BY] &&
    isDeepStrictEqual(spec.addedNodeSelector ?? {}, wanted.addedNodeSelector ?? {})
  );
}

/**
 * Cancels a migration by deleting it (facts/kubevirt.md C1); the VM stays where it is. `gone`: there was none with this
 * UID any more. Of a migration that is final, only the record is deleted. Throws the client's KubeError.
 */
export async function cancelMigration(
  client: KubeClient,
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  mode: WriteMode = {},
): Promise<'requested' | 'gone'> {
  try {
    await client.delete(resources.migrations, name, { ...mode, namespace, preconditions: { uid } });
    return 'requested';
  } catch (error) {
    // 409: the name now belongs to another object, so the one that was meant is gone.
    if (isNotFound(error) || isConflict(error)) return 'gone';
    throw error;
  }
}
