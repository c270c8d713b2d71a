import type { KubeObject } from '../../model/objects.ts';
import type { Kind } from './kinds/kind.ts';
import { badRequest } from './status.ts';

/** Whether an object is selected. */
export type Filter = (object: KubeObject) => boolean;

interface Requirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | '!';
  values: string[];
}

const KEY = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?';
const REQUIREMENT = new RegExp(
  `^\\s*(?:(?<absent>!)\\s*(?<no>${KEY})|(?<key>${KEY})\\s*(?:(?<op>==|=|!=)\\s*(?<value>[^\\s,()=!<>]*)|(?<set>in|notin)\\s*\\((?<values>[^()]*)\\))?)\\s*(?:,|$)`,
);

/** A label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws 400 on anything else. */
export function labelFilter(selector: string | null): Filter | undefined {
  if (selector === null || selector.trim() === '') return undefined;
  const requirements = parse(selector);
  return ({ metadata: { labels } }) => requirements.every((requirement) => matches(requirement, labels ?? {}));
}

function parse(selector: string): Requirement[] {
  const requirements: Requirement[] = [];
  let left = selector;
  while (left.trim() !== '') {
    const match = REQUIREMENT.exec(left);
    const groups = match?.groups;
    if (match === null || groups === undefined) throw unparsable(selector, left);
    const { no, key, op, value, set, values } = groups;
    if (no !== undefined) requirements.push({ key: no, operator: '!', values: [] });
    else if (key !== undefined) {
      if (op !== undefined) requirements.push({ key, operator: op === '!=' ? 'notin' : 'in', values: [value ?? ''] });
      else if (set !== undefined) {
        const list = (values ?? '').split(',').map((each) => each.trim());
        requirements.push({ key, operator: set as 'in' | 'notin', values: list });
      } else requirements.push({ key, operator: 'exists', values: [] });
    }
    left = left.slice(match[0].length);
  }
  return requirements;
}

function unparsable(selector: string, left: string): Error {
  const found = left.trim().split(/[\s,]/)[0] ?? '';
  return badRequest(
    `unable to parse requirement: found '${found}', expected: identifier, or '!' in selector ${JSON.stringify(selector)}`,
  );
}

function matches({ key, operator, values }: Requirement, labels: Record<string, string>): boolean {
  const value = labels[key];
  if (operator === 'exists') return value !== undefined;
  if (operator === '!') return value === undefined;
  const among = value !== undefined && values.includes(value);
  return operator === 'in' ? among : !among;
}

/** A field selector: `a=b,c==d,e!=f`. Fields a kind does not support are 400, as in Kubernetes. */
export function fieldFilter(kind: Pick<Kind, 'fields' | 'namespaced'>, selector: string | null): Filter | undefined {
  if (selector === null || selector.trim() === '') return undefined;
  const terms = selector
    .split(/(?<!\\),/)
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(?<field>[^=!]+)(?<op>==|=|!=)(?<value>.*)$/s.exec(term);
      const { field, op, value } = match?.groups ?? {};
      if (field === undefined || op === undefined || value === undefined) {
        throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
      }
      return { read: fieldOf(kind, field), equal: op !== '!=', value: value.replace(/\\([\\,=])/g, '$1') };
    });
  return (object) => terms.every(({ read, equal, value }) => (read(object) === value) === equal);
}

function fieldOf(kind: Pick<Kind, 'fields' | 'namespaced'>, field: string): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && kind.namespaced) return (object) => object.metadata.namespace ?? '';
  const read = kind.fields?.[field];
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return read;
}

/** Both selectors of a list, watch or deletecollection; undefined selects everything. */
export function filterOf(kind: Kind, query: URLSearchParams): Filter | undefined {
  const label = labelFilter(query.get('labelSelector'));
  const field = fieldFilter(kind, query.get('fieldSelector'));
  if (label === undefined || field === undefined) return label ?? field;
  return (object) => label(object) && field(object);
}
