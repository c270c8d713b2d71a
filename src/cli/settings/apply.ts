import { readFile } from 'node:fs/promises';
import { type ExitCode, FerryError } from '../../model/errors.ts';
import { fileError } from '../cluster.ts';
import type { Io } from '../context.ts';
import { type ChangeFlags, changeSettings } from './change.ts';

export async function applySettings(io: Io, flags: ChangeFlags & { filename: string }): Promise<ExitCode> {
  const documents = await readDocumentsOf(io, flags.filename);
  return await changeSettings(io, flags, async (snapshot) => {
    const { readDocuments } = await import('../../settings/documents.ts');
    return readDocuments(documents, snapshot);
  });
}

/** The documents of a YAML or JSON file; `-` is standard input. Throws FERRY_E_FILE and FERRY_E_USAGE. */
async function readDocumentsOf(io: Io, file: string): Promise<unknown[]> {
  let text = '';
  if (file === '-') {
    for await (const chunk of io.stdin) text += String(chunk);
  } else {
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw fileError(file, error);
    }
  }
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(text);
  return ('empty' in documents ? [] : documents).map((each) => {
    const [problem] = each.errors;
    if (problem !== undefined) {
      throw new FerryError(
        'FERRY_E_USAGE',
        `${file} is no YAML: ${problem.message.split('\n')[0]}`,
        'Correct it; the line is named.',
      );
    }
    return each.toJS() as unknown;
  });
}
