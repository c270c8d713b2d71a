import { createHash } from 'node:crypto';
import { withoutSecrets } from './clean.ts';

/**
 * Arguments as the audit keeps them: without credentials. An object to be written may hold some in any place and in any
 * form, so that of it only what it is called is kept, its size, and a digest to know it by.
 */
export function audited(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('resource' in given)) return withoutSecrets(given);
  const { resource } = given;
  const text = typeof resource === 'string' ? resource : (JSON.stringify(resource) ?? '');
  const [, kind] = /\bkind"?:\s*"?(\w{1,80})/.exec(text) ?? [];
  const [, name] = /\b(?:name|generateName)"?:\s*"?([-\w.]{1,253})/.exec(text) ?? [];
  const sha256 = createHash('sha256').update(text).digest('hex');
  return withoutSecrets({ ...given, resource: { kind, name, characters: text.length, sha256 } });
}
