import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { pathOf } from '../../kube/paths.ts';
import type { Pod } from '../../model/objects.ts';
import { ANSWER } from '../budget.ts';
import { cleanText } from '../clean.ts';
import { objectName } from '../schemas.ts';
import { tool } from '../tool.ts';

/** kubectl's, for the container whose log is meant. */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export const podsLog = tool({
  name: 'pods_log',
  title: 'Pods: Log',
  description: "The end of a pod's log. What looks like a credential in it is withheld.",
  toolset: 'primitives',
  input: z.strictObject({
    name: objectName().describe('Of the pod.'),
    namespace: objectName().describe("Default: the kubeconfig context's.").optional(),
    container: objectName().describe("Default: the pod's first.").optional(),
    previous: z.boolean().default(false).describe('Of the container before its last restart.'),
    tail: z.int().min(0).max(5000).default(100).describe('Lines from the end.'),
  }),
  output: z.object({
    namespace: z.string(),
    name: z.string(),
    container: z.string(),
    log: z.string(),
    cut: z.boolean().describe('Whether lines at the beginning are left out for their length.'),
  }),
  instead: {
    pod: 'use "name"',
    lines: 'use "tail"',
    tailLines: 'use "tail"',
    follow: 'a log is read once; call again',
  },
  needs: [
    { verb: 'get', group: '', resource: 'pods' },
    { verb: 'get', group: '', resource: 'pods/log' },
  ],
  async run({ name, namespace: given, container: wanted, previous, tail }, { client, signal }) {
    const namespace = given ?? client.namespace;
    const container = wanted ?? (await firstContainer());
    const { text } = await client.raw('GET', pathOf(resources.pods, namespace, name, 'log'), {
      query: { container, tailLines: String(tail), ...(previous && { previous: 'true' }) },
      headers: { accept: '*/*' },
      signal,
    });
    const whole = cleanText(text);
    const cut = whole.length > ANSWER;
    const end = cut ? whole.slice(-ANSWER) : whole;
    const log = cut ? end.slice(end.indexOf('\n') + 1) : end;
    const structured = { namespace, name, container, log, cut };
    return {
      structured,
      text: `${namespace}/${name} ${container}${cut ? ' (the end of what was asked for)' : ''}:\n${log}`,
    };

    async function firstContainer(): Promise<string> {
      const pod = await client.get<Pod>(resources.pods, name, { namespace, signal });
      return pod.metadata.annotations?.[DEFAULT_CONTAINER] ?? pod.spec?.containers[0]?.name ?? '';
    }
  },
});
