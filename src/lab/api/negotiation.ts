import { notAcceptable } from './status.ts';

/** One media type of an Accept header, in order of preference. */
interface MediaType {
  type: string;
  params: Record<string, string>;
}

/** How a client wants an object or a list. */
export type Shape = 'object' | 'table' | 'partial';

export function acceptOf(header: string | undefined): MediaType[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', params: {} }];
  return header
    .split(',')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((each) => each.trim());
      const params = Object.fromEntries(rest.map((each) => each.split('=', 2) as [string, string]));
      return { type, params };
    })
    .map((media, index) => ({ media, index, q: Number(media.params['q'] ?? 1) }))
    .sort((a, b) => b.q - a.q || a.index - b.index)
    .map(({ media }) => media);
}

const isJson = (type: string): boolean => type === 'application/json' || type === '*/*' || type === 'application/*';

/** The first shape of the Accept header that this server speaks; 406 if there is none. */
export function shapeOf(accept: string | undefined): Shape {
  for (const { type, params } of acceptOf(accept)) {
    if (!isJson(type)) continue;
    if (params['as'] === undefined) return 'object';
    const known = params['g'] === 'meta.k8s.io' && (params['v'] === 'v1' || params['v'] === 'v1beta1');
    if (known && params['as'] === 'Table') return 'table';
    if (known && (params['as'] === 'PartialObjectMetadata' || params['as'] === 'PartialObjectMetadataList'))
      return 'partial';
  }
  throw notAcceptable('application/json');
}

/** Whether any media type would do: what routes without a declared one ask for. */
export function acceptsAnything(accept: string | undefined): boolean {
  return acceptOf(accept).some(({ type }) => type === '*/*');
}
