import { FerryError } from '../model/errors.ts';

export type NameKind = 'vm' | 'node' | 'migration';

const kinds: Record<string, NameKind> = {};
for (const word of ['vm', 'vms', 'vmi', 'vmis']) kinds[word] = 'vm';
for (const word of ['virtualmachine', 'virtualmachines', 'virtualmachineinstance', 'virtualmachineinstances']) {
  kinds[word] = 'vm';
}
for (const word of ['node', 'nodes', 'no']) kinds[word] = 'node';
for (const word of ['vmim', 'vmims', 'migration', 'migrations']) kinds[word] = 'migration';
for (const word of ['virtualmachineinstancemigration', 'virtualmachineinstancemigrations']) kinds[word] = 'migration';

/** `vm/web01`, `node/worker-1`, or a plain name. Throws FERRY_E_USAGE for a kind that is not allowed here. */
export function parseName<K extends NameKind>(
  text: string,
  allowed: readonly K[],
): { kind: K | undefined; name: string } {
  const slash = text.indexOf('/');
  const word = text.slice(0, Math.max(0, slash));
  const name = text.slice(slash + 1);
  const usage = (message: string): FerryError =>
    new FerryError(
      'FERRY_E_USAGE',
      message,
      `Use a plain name or ${allowed.map((kind) => `${kind}/NAME`).join(', ')}.`,
    );
  if (name === '' || name.includes('/')) throw usage(`'${text}' is not a name`);
  if (slash === -1) return { kind: undefined, name };
  // kubectl also takes `virtualmachines.kubevirt.io/NAME`, and `get -o name` prints it.
  const kind = kinds[word.toLowerCase().split('.')[0] as string];
  if (kind === undefined || !allowed.includes(kind as K))
    throw usage(`'${word}' in '${text}' is not a kind that can be named here`);
  return { kind: kind as K, name };
}
