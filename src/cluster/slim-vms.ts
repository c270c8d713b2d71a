import type { VirtualMachineInstanceMigration, VmiSpec } from '../model/objects.ts';
import { type Fields, present, type Share, type Slim, slimMeta } from './slim-fields.ts';

/** Stands where a secret was. */
const REDACTED = '(redacted)';
function slimProbe(probe: { exec?: object } | undefined): Fields | undefined {
  // Of a probe only matters whether it runs a command: virt-controller reserves memory for those.
  return probe === undefined ? undefined : present({ exec: probe.exec === undefined ? undefined : {} });
}

const inlineData = ['userData', 'userDataBase64', 'networkData', 'networkDataBase64'] as const;

function withoutInlineData<T extends object>(source: T): T {
  const copy = { ...source } as T & Partial<Record<(typeof inlineData)[number], string>>;
  for (const field of inlineData) if (copy[field] !== undefined) copy[field] = REDACTED as never;
  return copy;
}

/** A VMI spec without the secrets that may be in it, and without credentials. */
export function slimVmiSpec(spec: VmiSpec): Fields {
  const { accessCredentials: _credentials, livenessProbe, readinessProbe, volumes, ...rest } = spec;
  return present({
    ...rest,
    livenessProbe: slimProbe(livenessProbe),
    readinessProbe: slimProbe(readinessProbe),
    volumes: volumes?.map((volume) => {
      const { cloudInitNoCloud, cloudInitConfigDrive } = volume;
      if (cloudInitNoCloud !== undefined) return { ...volume, cloudInitNoCloud: withoutInlineData(cloudInitNoCloud) };
      if (cloudInitConfigDrive === undefined) return volume;
      return { ...volume, cloudInitConfigDrive: withoutInlineData(cloudInitConfigDrive) };
    }),
  });
}

export function slimState<T extends { migrationConfiguration?: unknown }>(
  state: T | undefined,
  share: Share,
): T | undefined {
  if (state?.migrationConfiguration === undefined) return state;
  return { ...state, migrationConfiguration: share(state.migrationConfiguration) };
}

export const slimMigration: Slim<VirtualMachineInstanceMigration> = ({ metadata, spec, status }, share) =>
  present({
    metadata: slimMeta(metadata),
    spec,
    status: status && { ...status, ...present({ migrationState: slimState(status.migrationState, share) }) },
  });
