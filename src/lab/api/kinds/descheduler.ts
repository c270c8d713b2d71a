import { age, type Kind } from './kind.ts';
import { integer, list, open, string, whole } from './schema.ts';

/** The descheduler's configuration (facts/kubevirt.md J): nothing is descheduled before there is one named `cluster`. */
export const deschedulerKind: Kind = {
  group: 'operator.openshift.io',
  versions: ['v1'],
  storage: 'v1',
  kind: 'KubeDescheduler',
  plural: 'kubedeschedulers',
  singular: 'kubedescheduler',
  namespaced: true,
  custom: true,
  status: true,
  schema: whole('How the descheduler works.', {
    spec: open('What is wanted.', {
      mode: string('Predictive: it only says what it would do; Automatic: it evicts.', {
        enum: ['Automatic', 'Predictive'],
        default: 'Predictive',
      }),
      deschedulingIntervalSeconds: integer('How often it looks.', 'int32', { default: 3600 }),
      profiles: list('What it looks for.', { type: 'string' }),
      evictionLimits: open('How many evictions there may be at once.', {
        total: integer('In the cluster.'),
        node: integer('From one node.'),
      }),
      profileCustomizations: open('Settings of the profiles.'),
    }),
    status: open('What is.'),
  }),
  columns: [age],
};
