import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FerryError } from '../../model/errors.ts';

/** First line of every kubeconfig that belongs to a lab: it may be written over. */
const MARK = '# The kubeconfig of a Ferry lab; it is written anew whenever the lab starts.';

/** The absolute path of the lab's kubeconfig. Throws FERRY_E_REFUSED if the file is there and is not a lab's. */
export function kubeconfigPath(file: string): string {
  const path = resolve(file);
  if (existsSync(path) && !isOurs(path)) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `${path} exists and is not the kubeconfig of a lab`,
      'Name another file with --kubeconfig; Ferry does not write over your kubeconfig.',
    );
  }
  return path;
}

function isOurs(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').startsWith(MARK);
  } catch {
    return false;
  }
}

/** Writes the lab's kubeconfig so that only its owner can read it, at no moment half written. */
export async function writeKubeconfigFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  const file = await open(temporary, 'w', 0o600);
  await file.writeFile(`${MARK}\n${text}`);
  await file.close();
  await rename(temporary, path);
}
