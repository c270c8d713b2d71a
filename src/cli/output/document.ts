import { API_VERSION } from '../../model/snapshot.ts';

/** A document that Ferry prints: like every Kubernetes object it says what it is. */
export type Document = { apiVersion: typeof API_VERSION; kind: string } & Record<string, unknown>;

export function document<T extends object>(kind: string, body: T): Document {
  return { ...(body as Record<string, unknown>), apiVersion: API_VERSION, kind };
}

/** A document as JSON or YAML text with a final newline; `apiVersion` and `kind` come first. */
export async function renderDocument(value: object, format: 'json' | 'yaml'): Promise<string> {
  const { apiVersion, kind, ...rest } = value as Document;
  const ordered = { apiVersion, kind, ...rest };
  if (format === 'json') return `${JSON.stringify(ordered, null, 2)}\n`;
  const { stringify } = await import('yaml');
  // Names such as `*a` are anchors nobody asked for; long strings stay on their line.
  return stringify(ordered, { aliasDuplicateObjects: false, lineWidth: 0 });
}
