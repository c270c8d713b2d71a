import type { KubeClient } from '../kube/types.ts';

/** A schema as OpenAPI v3 has it; only followed, never judged, here. */
type Schema = Record<string, unknown> & {
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  $ref?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
};

/**
 * The schemas of the fields under a path of a custom resource, as the API server publishes them (/openapi/v3, which every
 * user may read, unlike the CRD); undefined where it does not.
 */
export async function readFieldSchemas(
  client: KubeClient,
  { apiVersion, kind }: { apiVersion: string; kind: string },
  path: readonly string[],
  signal?: AbortSignal,
): Promise<Record<string, Schema> | undefined> {
  let all: Record<string, Schema>;
  try {
    const { text } = await client.raw('GET', `/openapi/v3/apis/${apiVersion}`, {
      headers: { accept: 'application/json' },
      ...(signal !== undefined && { signal }),
    });
    all = (JSON.parse(text) as { components?: { schemas?: Record<string, Schema> } }).components?.schemas ?? {};
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
  const [group, version] = apiVersion.split('/');
  let schema = Object.values(all).find((each) =>
    each['x-kubernetes-group-version-kind']?.some(
      (of) => of.group === group && of.version === version && of.kind === kind,
    ),
  );
  const resolved = (found: Schema | undefined): Schema | undefined => {
    const inner = found?.allOf?.length === 1 ? found.allOf[0] : found;
    const name = inner?.$ref?.split('/').at(-1);
    return name === undefined ? inner : all[name];
  };
  for (const step of path) schema = resolved(schema?.properties?.[step]);
  return schema?.properties;
}
