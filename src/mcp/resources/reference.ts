import { z } from 'zod';
import { FerryError } from '../../model/errors.ts';
import { type ResourceKind, resourceKind } from '../resource.ts';

interface Reference {
  /** `check`. */
  one: string;
  /** `checks`, as it stands in URIs and in docs/reference/. */
  all: string;
  title: string;
  description: string;
  /** The name of the variable: `id`. */
  key: 'id' | 'name';
  /** Loaded when it is first asked for: it is as large as the room it describes. */
  load: () => Promise<{ page: () => string; pageOf: (id: string) => string | undefined; ids: () => string[] }>;
}

/** A part of the reference that is generated from the code: the whole as one resource, and one for each thing in it. */
export function reference({ one, all, title, description, key, load }: Reference): ResourceKind[] {
  const uri = `ferry://reference/${all}`;
  const common = { mimeType: 'text/markdown', needs: [] };
  return [
    resourceKind({
      ...common,
      name: all,
      title,
      description: `${description} All in one table.`,
      uri,
      variables: z.strictObject({}),
      read: async () => (await load()).page(),
    }),
    resourceKind({
      ...common,
      name: one,
      title: `One ${one}`,
      description: `${description} One of them, by its ${key}.`,
      uri: `${uri}/{+${key}}`,
      variables: z.strictObject({ [key]: z.string().max(100) }),
      async read(variables) {
        const id = variables[key] ?? '';
        const page = (await load()).pageOf(id);
        if (page !== undefined) return page;
        throw new FerryError('FERRY_E_NOT_FOUND', `there is no ${one} "${id}"`, `${uri} has them all.`);
      },
      complete: { [key]: async () => (await load()).ids() },
    }),
  ];
}
