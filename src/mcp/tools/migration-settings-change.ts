import { z } from 'zod';
import { needsOf } from '../../cluster/rights.ts';
import { FerryError } from '../../model/errors.ts';
import type { SettingsRequest } from '../../propose/settings.ts';
import { goals } from '../../settings/goal.ts';
import { parameters } from '../../settings/parameters.ts';
import { proposeTool } from '../propose-tool.ts';
import { readSettingsFor } from '../reading.ts';
import { settingsAdvice } from '../settings-advice.ts';

const input = z.strictObject({
  set: z.record(z.string(), z.unknown()).describe('{"progressTimeout": 300}; null: back to the default.').optional(),
  revert: z
    .union([z.int().min(1), z.literal(true)])
    .describe('Id of a change; true: the newest.')
    .optional(),
  advice: z.enum(goals).describe('All that is advised for this goal.').optional(),
  documents: z
    .union([z.string().max(100_000), z.array(z.unknown()).max(100)])
    .describe('HyperConverged, MigrationPolicies: YAML or objects.')
    .optional(),
});

type Input = z.infer<typeof input>;

export const migrationSettingsChange = proposeTool({
  name: 'migration_settings_change',
  title: 'Migration settings: change',
  description:
    'Propose to change live-migration settings where they belong, or to create MigrationPolicies: one of set, revert, advice, documents. Checks the values. Changes nothing: returns a proposal for apply_proposal, which records the old values.',
  toolset: 'migration',
  input,
  instead: {
    settings: 'use "set"',
    values: 'use "set"',
    goal: 'use "advice"',
    id: 'use "revert"',
    vm: 'settings are of the whole cluster; give a MigrationPolicy in "documents" for chosen VMs',
    resource: 'use "documents"',
    policies: 'use "documents"',
    ...Object.fromEntries(parameters.map(({ name }) => [name, `use "set": {"${name}": ...}`])),
  },
  needs: needsOf.changeSettings,
  // What VMs write changes all the time, and the advice with it: what was shown is what is confirmed.
  async settle(given, context) {
    requireOne(given);
    if (given.advice === undefined) return given;
    const advice = await settingsAdvice(context, given.advice);
    if (advice.recommendations.length === 0 && advice.policies.length === 0) {
      throw new FerryError(
        'FERRY_E_REFUSED',
        `for goal ${given.advice} no setting should change`,
        'There is nothing to do; migration_settings with the same goal says why.',
      );
    }
    return { documents: [{ kind: 'SettingsAdvice', ...advice }] };
  },
  async prepare(given, context) {
    const [{ readForChange }, { decideSettings }, { preparedSettings }, snapshot, request] = await Promise.all([
      import('../../settings/reading.ts'),
      import('../../propose/settings.ts'),
      import('../../propose/settings-run.ts'),
      readSettingsFor(context),
      requestOf(given),
    ]);
    const reading = await readForChange(context.client, snapshot, context.signal);
    return preparedSettings(context.client, decideSettings(reading, request));
  },
});

function requireOne(given: Input): void {
  const ways = Object.values(given).filter((value) => value !== undefined);
  if (ways.length === 1 && Object.keys(given.set ?? { some: 1 }).length > 0) return;
  throw new FerryError(
    'FERRY_E_USAGE',
    ways.length > 1 ? 'more than one way to change settings was given' : 'nothing was given to change',
    'Give one of set, revert, advice and documents.',
  );
}

async function requestOf({ set, revert, documents }: Input): Promise<SettingsRequest> {
  if (set !== undefined) {
    const { assigned } = await import('../../settings/assignment.ts');
    return { set: assigned(set) };
  }
  if (revert !== undefined) return { revert: revert === true ? 'newest' : revert };
  if (typeof documents !== 'string') return { documents: documents ?? [] };
  const { parseDocuments } = await import('../../settings/documents.ts');
  return { documents: await parseDocuments(documents, 'documents') };
}
