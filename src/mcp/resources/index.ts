import type { ResourceKind } from '../resource.ts';
import { causes } from './causes.ts';
import { checks } from './checks.ts';
import { migration } from './migration.ts';
import { proposal } from './proposal.ts';
import { settings } from './settings.ts';

/** Every kind of resource, in the order of the list. */
export const resourceKinds: readonly ResourceKind[] = [...checks, ...causes, ...settings, migration, proposal];
