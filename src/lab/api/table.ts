import type { KubeObject } from '../../model/objects.ts';
import { select, selectText } from './jsonpath.ts';
import { humanDuration } from './kinds/ages.ts';
import type { Column, Kind } from './kinds/kind.ts';
import { objectMeta } from './kinds/schema.ts';
import { badRequest } from './status.ts';

/** A row's `object` field: the includeObject query parameter. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? 'Metadata';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw badRequest(`Invalid value: ${JSON.stringify(value)}: must be 'None', 'Metadata' or 'Object'`);
}

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: objectMeta.properties?.['name']?.description ?? '',
  value: '.metadata.name',
};

/** Most tables begin with the name; a kind may have a Name column of its own elsewhere. */
function columnsOf(kind: Kind): Column[] {
  return kind.columns.some((column) => column.name === 'Name') ? kind.columns : [NAME, ...kind.columns];
}

export function columnDefinitions(kind: Kind): unknown[] {
  return columnsOf(kind).map(({ name, type, format = '', description = '', priority = 0 }) => ({
    name,
    type,
    format: format === '' && name === 'Name' ? 'name' : format,
    description,
    priority,
  }));
}

/** One row as JSON; `json` is the object's serialization, used when the whole object is wanted. */
export function tableRow(
  kind: Kind,
  object: KubeObject,
  now: number,
  include: IncludeObject,
  json: () => string,
): string {
  const cells = columnsOf(kind).map((column) => cell(column, object, now));
  return `{"cells":${JSON.stringify(cells)}${include === 'None' ? '' : `,"object":${include === 'Object' ? json() : JSON.stringify(partial(object))}`}}`;
}

/** PartialObjectMetadata. */
export function partial(object: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function cell(column: Column, object: KubeObject, now: number): unknown {
  if (typeof column.value === 'function') return column.value(object, now);
  const [found] = select(object, column.value);
  if (found === undefined || found === null) return null;
  switch (column.type) {
    case 'date': {
      const at = Date.parse(selectText(object, column.value));
      return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at);
    }
    case 'integer':
    case 'number':
      return typeof found === 'number' ? found : null;
    case 'boolean':
      return typeof found === 'boolean' ? found : null;
    default:
      return typeof found === 'string' ? found : JSON.stringify(found);
  }
}
