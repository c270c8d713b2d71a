import { type Access, ApiError } from '../kube/errors.ts';
import type { KubeClient, Resource } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { forbidden } from './explain.ts';
import { resources } from './resources.ts';

/** Something a command has to be allowed to do in the namespace it works in, or in all. */
export interface Need {
  verb: string;
  group: string;
  resource: string;
}

function needs({ group, plural }: Resource, ...verbs: string[]): Need[] {
  return verbs.map((verb) => ({ verb, group, resource: plural }));
}

const { virtualMachines, virtualMachineInstances, migrations, kubeVirts, hyperConvergeds } = resources;
const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const reading = [...needs(virtualMachines, 'list'), ...needs(virtualMachineInstances, 'list')];
const following = [...needs(virtualMachineInstances, 'watch'), ...needs(migrations, 'list', 'watch')];

/** What commands can't do without. */
export const needsOf = {
  check: reading,
  move: [...reading, ...following, ...needs(migrations, 'create')],
  settings: needs(kubeVirts, 'list'),
  changeSettings: [
    ...needs(kubeVirts, 'list', 'get'),
    ...needs(hyperConvergeds, 'list', 'get', 'patch'),
    ...needs(configMaps, 'get', 'create', 'patch'),
  ],
  cancel: [...needs(virtualMachineInstances, 'get', 'list'), ...following, ...needs(migrations, 'delete')],
} as const satisfies Record<string, readonly Need[]>;

/** All that is missing was asked for, place by place: there is nothing more to find out. */
class RightsMissing extends FerryError {}

/** Asks for rights in several places at once. Throws FERRY_E_FORBIDDEN, naming place by place all that are missing. */
export async function requireRights(
  client: KubeClient,
  places: readonly { namespace: string | undefined; needs: readonly Need[] }[],
): Promise<void> {
  const missing = await Promise.all(places.map(({ namespace, needs }) => missingOf(client, namespace, needs)));
  const told = missing.flatMap(([first, ...more]) => (first === undefined ? [] : [forbidden(first, ...more)]));
  const [first, ...others] = told;
  if (first === undefined) return;
  const message = [first.message, ...others.map((each) => each.message.replace(/^you may not /, ''))].join('; ');
  throw new RightsMissing(first.code, message, told.map(({ hint }) => hint).join('\n'));
}

/**
 * Runs a command's work. Where it is refused for want of a right, the cluster is asked which others are missing, so
 * that one error names them all, and not one at each try.
 */
export async function tellingAllMissing<T>(
  client: KubeClient,
  namespace: string | undefined,
  needed: readonly Need[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isRefusal(error) || error instanceof RightsMissing) throw error;
    const [first, ...more] = await missingOf(client, namespace, needed).catch(() => []);
    const told = first !== undefined && [first, ...more].some((access) => isAbout(error, access));
    throw told ? forbidden(first, ...more) : error;
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof FerryError) return error.code === 'FERRY_E_FORBIDDEN';
  return error instanceof ApiError && error.status === 403;
}

/** Whether the refusal is the one that a missing right explains. */
function isAbout(error: unknown, { verb, resource }: Access): boolean {
  return !(error instanceof ApiError) || (error.access.verb === verb && error.access.resource === resource);
}

/** Those of the needs that the cluster would refuse, by its own word: a SelfSubjectAccessReview each. */
export async function missingOf(
  client: KubeClient,
  namespace: string | undefined,
  needed: readonly Need[],
): Promise<Access[]> {
  const at = namespace === undefined ? {} : { namespace };
  const allowed = await Promise.all(
    needed.map(async (need) => {
      const { text } = await client.raw('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        headers: { 'content-type': 'application/json' },
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { ...need, ...at } },
        },
      });
      return (JSON.parse(text) as { status?: { allowed?: boolean } }).status?.allowed === true;
    }),
  );
  return needed.filter((_, index) => allowed[index] !== true).map((need) => ({ ...need, ...at }));
}
