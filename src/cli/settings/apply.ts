import { readFile } from 'node:fs/promises';
import type { ExitCode } from '../../model/errors.ts';
import { fileError } from '../cluster.ts';
import type { Io } from '../context.ts';
import { type ChangeFlags, changeSettings } from './change.ts';

export async function applySettings(io: Io, flags: ChangeFlags & { filename: string }): Promise<ExitCode> {
  const text = await textOf(io, flags.filename);
  const { parseDocuments } = await import('../../settings/documents.ts');
  return await changeSettings(io, flags, { documents: await parseDocuments(text, flags.filename) });
}

/** What stands in a file; `-` is standard input. Throws FERRY_E_FILE. */
async function textOf(io: Io, file: string): Promise<string> {
  if (file === '-') {
    let text = '';
    for await (const chunk of io.stdin) text += String(chunk);
    return text;
  }
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
}
