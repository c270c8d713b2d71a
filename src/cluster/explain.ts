import {
  type Access,
  type ApiError,
  type ConfigError,
  type ConfigProblem,
  KubeError,
  type TlsError,
  type TlsProblem,
} from '../kube/errors.ts';
import { type ErrorCode, type ExitCode, errorCatalogue, exit, FerryError } from '../model/errors.ts';
import { plain } from '../model/plain.ts';

/** An error as it is shown: what happened, what to do, and what it means to a script. */
export interface Told {
  code: ErrorCode;
  message: string;
  hint: string;
  exitCode: ExitCode;
}

/** Any error in the words of the catalogue (model/errors.ts). */
export function explain(error: unknown, name = 'ferry'): Told {
  if (error instanceof FerryError) return told(error.code, error.message, error.hint);
  if (error instanceof KubeError) return ofKube(error, name);
  if (error instanceof Error && error.name === 'AbortError') return interrupted;
  const message = error instanceof Error ? error.message : String(error);
  return told(
    'FERRY_E_INTERNAL',
    `unexpected: ${message}`,
    'This is a mistake in Ferry. Run the same command with -v and report what it prints.',
  );
}

const interrupted: Told = {
  code: 'FERRY_E_INTERRUPTED',
  message: 'interrupted',
  hint: 'Nothing was changed.',
  exitCode: exit.interrupted,
};

function told(code: ErrorCode, message: string, hint: string): Told {
  return {
    code,
    message: plain(message).trim(),
    hint: hint.split('\n').map(plain).join('\n'),
    exitCode: errorCatalogue[code],
  };
}

function ofKube(error: KubeError, name: string): Told {
  switch (error.kind) {
    case 'cancelled':
      return interrupted;
    case 'config': {
      const { problem } = error as ConfigError;
      return told(
        problem === 'no-kubeconfig' ? 'FERRY_E_NO_KUBECONFIG' : 'FERRY_E_BAD_KUBECONFIG',
        error.message,
        configHints[problem](name),
      );
    }
    case 'tls':
      return told('FERRY_E_TLS', error.message, tlsHints[(error as TlsError).problem]);
    case 'timeout':
      return told('FERRY_E_TIMEOUT', error.message, 'Try again, or allow more time with --request-timeout.');
    case 'connection':
      return told(
        'FERRY_E_UNREACHABLE',
        error.message,
        'Check that the cluster runs and that this machine can reach it; `kubectl cluster-info` uses the same address.',
      );
    default:
      return ofApi(error as ApiError);
  }
}

const configHints: Record<ConfigProblem, (name: string) => string> = {
  'no-kubeconfig': (name) =>
    `Name one with --kubeconfig or KUBECONFIG. Without a cluster at hand: \`${name} lab start --detach\` makes one.`,
  malformed: () => 'Correct the file, or name another with --kubeconfig.',
  'no-context': () => 'Choose one with --context, or with `kubectl config use-context`.',
  'unknown-context': () => '`kubectl config get-contexts` lists the ones there are.',
  'missing-cluster': () => 'Correct the context in the kubeconfig.',
  'missing-user': () => 'Correct the context in the kubeconfig.',
  credentials: () => 'Log in again with the tool that made this kubeconfig (for OpenShift: `oc login`).',
};

const tlsHints: Record<TlsProblem, string> = {
  untrusted:
    'The kubeconfig has another certificate authority than the server; get a fresh kubeconfig of this cluster.',
  expired: "Renew the server's certificate, or set this machine's clock.",
  hostname: 'Use an address that is in the certificate, or set tls-server-name in the kubeconfig.',
  protocol: 'Check that the address in the kubeconfig is that of a Kubernetes API server, and of no proxy in between.',
};

function ofApi(error: ApiError): Told {
  const { access } = error;
  if (error.status === 401) {
    return told(
      'FERRY_E_UNAUTHORIZED',
      'the cluster does not accept these credentials (401 Unauthorized); the token or certificate may have expired',
      'Log in again (for OpenShift: `oc login`), or name another kubeconfig or context.',
    );
  }
  if (error.status === 403 && access.resource !== undefined) return explain(forbidden(access));
  if (error.status === 403) return told('FERRY_E_FORBIDDEN', error.message, 'Ask for the right to do this.');
  if (error.status === 404 && access.resource !== undefined && access.name === undefined) {
    return told(
      access.group?.endsWith('kubevirt.io') ? 'FERRY_E_NO_KUBEVIRT' : 'FERRY_E_API',
      `the cluster does not know ${resourceText(access)}`,
      'Is KubeVirt (OpenShift Virtualization) installed there? `kubectl api-resources` shows what it has.',
    );
  }
  if (error.status === 404 && access.resource !== undefined) {
    const where = access.namespace === undefined ? '' : ` in namespace ${access.namespace}`;
    return told(
      'FERRY_E_NOT_FOUND',
      `there is no ${resourceText(access)} "${access.name}"${where}`,
      'Check the name and the namespace.',
    );
  }
  return told(
    'FERRY_E_API',
    `the cluster refused to ${accessText(access)}: ${error.message}`,
    'Run it again with -v for the details.',
  );
}

/** What is missing - at least one thing, all in one namespace - and the rules that would grant it. */
export function forbidden(...missing: [Access, ...Access[]]): FerryError {
  const [{ namespace }] = missing;
  const where = namespace === undefined || namespace === '' ? 'in the whole cluster' : `in namespace ${namespace}`;
  const what = merged(missing).map((access) => `${access.verbs.join(', ')} ${objectText(access)}`);
  const place = missing[0].resource === undefined ? '' : ` ${where}`;
  return new FerryError('FERRY_E_FORBIDDEN', `you may not ${what.join('; ')}${place}`, ruleText(missing));
}

/** What of a resource is missing, in one. */
function merged(missing: readonly Access[]): (Access & { verbs: string[] })[] {
  const byObject = new Map<string, Access & { verbs: string[] }>();
  for (const access of missing) {
    const known = byObject.get(objectText(access));
    if (known === undefined) byObject.set(objectText(access), { ...access, verbs: [access.verb] });
    else if (!known.verbs.includes(access.verb)) known.verbs.push(access.verb);
  }
  return [...byObject.values()];
}

function objectText(access: Access): string {
  return access.resource === undefined ? (access.path ?? 'this') : resourceText(access);
}

/** `create virtualmachineinstancemigrations.kubevirt.io in namespace vms`. */
function accessText(access: Access): string {
  if (access.resource === undefined) return `${access.verb} ${access.path ?? 'this'}`;
  const where =
    access.namespace === undefined || access.namespace === ''
      ? ' in the whole cluster'
      : ` in namespace ${access.namespace}`;
  return `${access.verb} ${resourceText(access)}${where}`;
}

function resourceText({ resource, group }: Access): string {
  return group === undefined || group === '' ? String(resource) : `${resource}.${group}`;
}

/** The rules that would grant accesses, ready to be pasted into a Role or ClusterRole. */
function ruleText(missing: [Access, ...Access[]]): string {
  const [{ namespace }] = missing;
  const scope = namespace === undefined || namespace === '' ? 'ClusterRole' : 'Role or ClusterRole';
  const rules = merged(missing);
  const list = (values: string[]): string => `[${values.map((value) => `"${value}"`).join(', ')}]`;
  const lines = [
    `${rules.length === 1 ? 'This rule' : 'These rules'} in a ${scope} that is bound to you would grant it:`,
    ...rules.flatMap(({ group = '', resource = '', verbs }) => [
      `  - apiGroups: ${list([group])}`,
      `    resources: ${list([resource])}`,
      `    verbs: ${list(verbs)}`,
    ]),
  ];
  // facts/kubevirt.md I: since v1.5 edit and admin no longer include it.
  const migrates = missing.some(
    ({ resource, group, verb }) =>
      resource === 'virtualmachineinstancemigrations' &&
      group === 'kubevirt.io' &&
      !['get', 'list', 'watch'].includes(verb),
  );
  if (migrates) lines.push('KubeVirt 1.5 and newer bring it as ClusterRole kubevirt.io:migrate.');
  return lines.join('\n');
}
