import type { Injected } from '../../lab/faults/injector.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { type Io, note } from '../context.ts';
import { document, renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';
import { askLab } from './control.ts';

interface Catalogued {
  name: string;
  summary: string;
  parameters: { name: string; required: boolean; default?: string }[];
  lasts?: string;
}

const ACTIVE: Column<Injected>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'FAULT', value: ({ name }) => name },
  {
    header: 'PARAMETERS',
    value: ({ parameters }) =>
      Object.entries(parameters)
        .map((pair) => pair.join('='))
        .join(' '),
  },
  { header: 'SINCE', value: ({ since }) => since },
  { header: 'UNTIL', value: ({ until }) => until ?? 'cleared' },
];

const CATALOGUE: Column<Catalogued>[] = [
  { header: 'FAULT', value: ({ name }) => name },
  {
    header: 'PARAMETERS',
    value: ({ parameters }) =>
      parameters
        .map(
          ({ name, required, default: value }) =>
            `${name}${required ? '!' : ''}${value === undefined ? '' : `=${value}`}`,
        )
        .join(' '),
  },
  { header: 'WHAT', value: ({ summary }) => summary },
];

/** Breaks something in the lab that runs. `parameters` are the options as given. */
export async function injectFault(io: Io, name: string, parameters: Record<string, string>): Promise<ExitCode> {
  const { id, until, since } = (await askLab(io, 'POST', 'faults', { name, ...parameters })) as Injected;
  const ends = until === undefined ? `until: ${io.name} lab fault clear ${id}` : `until ${until} (lab time)`;
  note(io, until === since ? `${name} has happened.` : `${name} is there as ${id}, ${ends}`);
  return exit.ok;
}

/** Shows what is broken, and what can be. */
export async function listFaults(io: Io, output: 'json' | 'yaml' | undefined): Promise<ExitCode> {
  const answer = (await askLab(io, 'GET', 'faults')) as { active: Injected[]; catalogue: Catalogued[] };
  if (output !== undefined) {
    io.stdout.write(await renderDocument(document('LabFaults', answer), output));
    return exit.ok;
  }
  const options = { wide: false, headers: true };
  if (answer.active.length > 0) io.stdout.write(`${renderTable(answer.active, ACTIVE, options)}\n`);
  io.stdout.write(renderTable(answer.catalogue, CATALOGUE, options));
  note(
    io,
    answer.active.length === 0
      ? 'No fault is active; these can be. ! marks what a fault needs.'
      : '! marks what a fault needs.',
  );
  return exit.ok;
}

/** Ends one fault (by id), those of a name, or all. */
export async function clearFaults(io: Io, which: string | undefined): Promise<ExitCode> {
  const path = which === undefined ? 'faults' : `faults/${encodeURIComponent(which)}`;
  const { ended } = (await askLab(io, 'DELETE', path)) as { ended: Injected[] };
  note(
    io,
    ended.length === 0 ? 'No fault was active.' : `Ended: ${ended.map(({ id, name }) => `${name} (${id})`).join(', ')}`,
  );
  return exit.ok;
}
