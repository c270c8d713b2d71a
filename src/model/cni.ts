import type { NetworkAttachmentDefinition } from './objects.ts';

export type Fields = Record<string, unknown>;

/** A NetworkAttachmentDefinition's CNI configuration, as far as it can be read. */
export interface CniConfig {
  /** What is wrong with the JSON itself, in JSON.parse's words; then nothing else is known. */
  broken?: string;
  /** The plugin that makes the interface; of a list of plugins, the first. */
  plugin: Fields;
  /** The plugin's `ipam`; undefined if there is none. */
  ipam: Fields | undefined;
}

/** Reads the configuration of a NetworkAttachmentDefinition; what does not fit is left for the linter (lint.ts). */
export function readCni({ spec }: Pick<NetworkAttachmentDefinition, 'spec'>): CniConfig {
  let json: unknown;
  try {
    json = JSON.parse(spec?.config ?? '');
  } catch (error) {
    return { broken: error instanceof Error ? error.message : String(error), plugin: {}, ipam: undefined };
  }
  if (!isFields(json)) return { broken: 'it is not a JSON object', plugin: {}, ipam: undefined };
  const { plugins, ...outer } = json;
  const [first] = Array.isArray(plugins) ? (plugins as unknown[]) : [];
  const plugin = isFields(first) ? { ...outer, ...first } : outer;
  return { plugin, ipam: isFields(plugin['ipam']) ? plugin['ipam'] : undefined };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The host's interface or bridge that a plugin stands on. */
export function hostInterfaceOf({ plugin }: CniConfig): string | undefined {
  return textOf(plugin['master']) ?? textOf(plugin['device']) ?? textOf(plugin['bridge']);
}
