import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { ConfigError } from './errors.ts';
import type { Surroundings } from './surroundings.ts';

export { realSurroundings } from './surroundings.ts';

type Entry = Record<string, unknown>;
export interface Named extends Entry {
  name: string;
}

/** A kubeconfig as kubectl reads it: several files merged, paths made absolute. */
export interface Merged {
  clusters: Named[];
  users: Named[];
  contexts: Named[];
  'current-context': string | undefined;
}

/** The files that make up the kubeconfig: kubectl's rules. Undefined: there is none, look for a service account. */
export function kubeconfigFiles(explicit: string | undefined, { env, home }: Surroundings): string[] | undefined {
  if (explicit !== undefined) {
    if (!existsSync(explicit)) throw new ConfigError('no-kubeconfig', `the kubeconfig ${explicit} does not exist`);
    return [explicit];
  }
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    const files = listed.filter((file) => existsSync(file));
    if (files.length === 0) {
      throw new ConfigError('no-kubeconfig', `KUBECONFIG names ${listed.join(', ')}, which does not exist`);
    }
    return files;
  }
  const usual = join(home, '.kube', 'config');
  return existsSync(usual) ? [usual] : undefined;
}

/** Reads and merges kubeconfig files; of entries with the same name, and of current contexts, the first counts. */
export async function readKubeconfig(files: string[]): Promise<Merged> {
  const merged: Merged = { clusters: [], users: [], contexts: [], 'current-context': undefined };
  for (const file of files) {
    const document = parseDocument(read(file));
    const error = document.errors[0];
    // The parser's message quotes the file, which holds secrets: only the place is told.
    if (error !== undefined) throw malformed(file, `line ${error.linePos?.[0].line ?? '?'} is not YAML`);
    const value: unknown = document.toJS();
    if (value === null) continue;
    if (!isEntry(value)) throw malformed(file, 'it is not a mapping');
    merged['current-context'] ||= typeof value['current-context'] === 'string' ? value['current-context'] : undefined;
    for (const key of ['clusters', 'users', 'contexts'] as const) {
      for (const entry of entries(value[key], key, file)) {
        if (merged[key].some(({ name }) => name === entry.name)) continue;
        if (key === 'clusters') absolutePaths(entry['cluster'], ['certificate-authority'], file);
        if (key === 'users') prepareUser(entry, file);
        merged[key].push(entry);
      }
    }
  }
  return merged;
}

/** The service account of the pod this runs in, or undefined outside of a cluster. */
export function inCluster({ env, serviceAccount }: Surroundings): Merged | undefined {
  const tokenFile = join(serviceAccount, 'token');
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const name = 'in-cluster';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const namespaceFile = join(serviceAccount, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default';
  return {
    clusters: [{ name, cluster: { server, 'certificate-authority': join(serviceAccount, 'ca.crt') } }],
    users: [{ name, user: tokenFileUser(tokenFile) }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError('no-kubeconfig', `the kubeconfig ${file} cannot be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

function malformed(file: string, why: string): ConfigError {
  return new ConfigError('malformed', `the kubeconfig ${file} is malformed: ${why}`);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: unknown, key: string, file: string): Named[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(file, `${key} is not a list`);
  return value.map((entry: unknown, index) => {
    if (!isEntry(entry) || typeof entry['name'] !== 'string') throw malformed(file, `${key}[${index}] has no name`);
    return entry as Named;
  });
}

function absolutePaths(entry: unknown, keys: string[], file: string): void {
  if (!isEntry(entry)) return;
  for (const key of keys) {
    const path = entry[key];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) entry[key] = resolve(dirname(file), path);
  }
}

/** What kubectl does and the client library leaves out: tokenFile, and plugins beside the kubeconfig. */
function prepareUser(entry: Named, file: string): void {
  const user = entry['user'];
  if (!isEntry(user)) return;
  absolutePaths(user, ['client-certificate', 'client-key', 'tokenFile'], file);
  const provider = user['auth-provider'];
  if (isEntry(provider)) absolutePaths(provider['config'], ['idp-certificate-authority'], file);
  if (typeof user['tokenFile'] === 'string') {
    const { token: _, tokenFile, ...rest } = user;
    entry['user'] = { ...rest, ...tokenFileUser(tokenFile) };
  }
  const exec = user['exec'];
  if (!isEntry(exec)) return;
  // A bare name is looked up on the PATH; anything with a slash is relative to the kubeconfig.
  if (typeof exec['command'] === 'string' && exec['command'].includes('/')) absolutePaths(exec, ['command'], file);
}

/** The client library reads, and reads again, such a file through this name. */
function tokenFileUser(tokenFile: string): Entry {
  return { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
}
