// The ClusterRoles that virt-operator creates for users, version by version (KubeVirt
// pkg/virt-operator/resource/generate/rbac/cluster.go at v1.3.1 to v1.9.0; facts/kubevirt.md I).

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** A ClusterRole of KubeVirt's. */
export interface DefaultRole {
  name: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  rules: PolicyRule[];
  /** Bound to every authenticated user by a ClusterRoleBinding of the same name. */
  forEverybody?: true;
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['get', 'delete', 'create', 'update', 'patch', 'list', 'watch'];
const ALL = [...WRITE, 'deletecollection'];

/** Resources of `kubevirt.io`'s sister groups that whoever may use VMs may use, in the order of the roles' rules. */
function sisters(minor: number, plugins = false): [group: string, resources: string[]][] {
  return [
    ['snapshot.kubevirt.io', ['virtualmachinesnapshots', 'virtualmachinesnapshotcontents', 'virtualmachinerestores']],
    ...(minor >= 8
      ? [['backup.kubevirt.io', ['virtualmachinebackups', 'virtualmachinebackuptrackers']] as [string, string[]]]
      : []),
    ...(plugins && minor >= 9 ? [['plugin.kubevirt.io', ['plugins']] as [string, string[]]] : []),
    ['export.kubevirt.io', ['virtualmachineexports']],
    ['clone.kubevirt.io', ['virtualmachineclones']],
    [
      'instancetype.kubevirt.io',
      [
        'virtualmachineinstancetypes',
        'virtualmachineclusterinstancetypes',
        'virtualmachinepreferences',
        'virtualmachineclusterpreferences',
      ],
    ],
    ['pool.kubevirt.io', ['virtualmachinepools']],
  ];
}

function rule(group: string, resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs };
}

function sub(resources: string[], verb: string): PolicyRule {
  return rule('subresources.kubevirt.io', resources, [verb]);
}

const migrationPolicies = rule('migrations.kubevirt.io', ['migrationpolicies'], READ);

/** What looks into a VMI without touching it; `view` may do so, too. */
const LOOKS = [
  'virtualmachineinstances/guestosinfo',
  'virtualmachineinstances/filesystemlist',
  'virtualmachineinstances/userlist',
  'virtualmachineinstances/sev/fetchcertchain',
  'virtualmachineinstances/sev/querylaunchmeasurement',
];

function graphs(minor: number): string[] {
  return minor >= 6 ? ['virtualmachines/objectgraph', 'virtualmachineinstances/objectgraph'] : [];
}

/** The rules that admin and edit have in common; until 1.4 both might migrate. */
function use(
  minor: number,
  verbs: string[],
  { screenshot, plugins }: Record<'screenshot' | 'plugins', boolean>,
): PolicyRule[] {
  const migrates = minor <= 4;
  const connect = ['console', 'vnc', ...(screenshot ? ['vnc/screenshot'] : []), 'portforward'];
  const act = [
    'pause',
    'unpause',
    'addvolume',
    'removevolume',
    'freeze',
    'unfreeze',
    'softreboot',
    ...(minor >= 5 ? ['reset'] : []),
    'sev/setupsession',
    'sev/injectlaunchsecret',
    ...(minor >= 7 ? ['evacuate/cancel'] : []),
  ];
  const steer = [
    'start',
    'stop',
    'restart',
    'addvolume',
    'removevolume',
    ...(migrates ? ['migrate'] : []),
    'memorydump',
    ...(minor >= 7 ? ['evacuate/cancel'] : []),
  ];
  const kinds = [
    'virtualmachines',
    'virtualmachineinstances',
    'virtualmachineinstancepresets',
    'virtualmachineinstancereplicasets',
  ];
  return [
    sub(
      [
        ...connect.map((name) => `virtualmachineinstances/${name}`),
        ...LOOKS,
        ...(minor >= 4 ? ['virtualmachineinstances/usbredir'] : []),
        ...graphs(minor),
      ],
      'get',
    ),
    sub(
      act.map((name) => `virtualmachineinstances/${name}`),
      'update',
    ),
    sub(['virtualmachines/expand-spec', 'virtualmachines/portforward'], 'get'),
    sub(
      steer.map((name) => `virtualmachines/${name}`),
      'update',
    ),
    sub(['expand-vm-spec'], 'update'),
    ...(migrates
      ? [rule('kubevirt.io', [...kinds, 'virtualmachineinstancemigrations'], verbs)]
      : [rule('kubevirt.io', kinds, verbs), rule('kubevirt.io', ['virtualmachineinstancemigrations'], READ)]),
    ...sisters(minor, plugins).map(([group, resources]) => rule(group, resources, verbs)),
  ];
}

function view(minor: number): PolicyRule[] {
  return [
    rule('kubevirt.io', ['kubevirts'], ['get', 'list']),
    sub(['virtualmachines/expand-spec', ...LOOKS, ...graphs(minor)], 'get'),
    sub(['expand-vm-spec'], 'update'),
    rule(
      'kubevirt.io',
      [
        'virtualmachines',
        'virtualmachineinstances',
        'virtualmachineinstancepresets',
        'virtualmachineinstancereplicasets',
        'virtualmachineinstancemigrations',
      ],
      READ,
    ),
    ...sisters(minor).map(([group, resources]) => rule(group, resources, READ)),
    migrationPolicies,
    ...(minor >= 9 ? [rule('plugin.kubevirt.io', ['plugins'], READ)] : []),
  ];
}

const app = { 'kubevirt.io': '' };

/** KubeVirt 1.`minor`'s ClusterRoles for users. Who migrates needs kubevirt.io:migrate from 1.5 on; nothing aggregates it. */
export function defaultRoles(minor: number): DefaultRole[] {
  const aggregate = (to: string) => ({ ...app, [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' });
  return [
    {
      name: 'kubevirt.io:default',
      labels: { ...app, 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
      rules: [
        rule('kubevirt.io', ['kubevirts'], ['get', 'list']),
        rule('subresources.kubevirt.io', ['version', 'guestfs'], ['get', 'list']),
      ],
      forEverybody: true,
    },
    {
      name: 'kubevirt.io:admin',
      labels: aggregate('admin'),
      rules: [...use(minor, ALL, { screenshot: true, plugins: true }), migrationPolicies],
    },
    {
      name: 'kubevirt.io:edit',
      labels: aggregate('edit'),
      rules: [
        ...use(minor, WRITE, { screenshot: minor <= 7, plugins: false }),
        rule('kubevirt.io', ['kubevirts'], ['get', 'list']),
        migrationPolicies,
      ],
    },
    { name: 'kubevirt.io:view', labels: aggregate('view'), rules: view(minor) },
    {
      name: 'instancetype.kubevirt.io:view',
      labels: app,
      rules: [
        rule(
          'instancetype.kubevirt.io',
          ['virtualmachineclusterinstancetypes', 'virtualmachineclusterpreferences'],
          READ,
        ),
      ],
      forEverybody: true,
    },
    ...(minor >= 5
      ? [
          {
            name: 'kubevirt.io:migrate',
            labels: app,
            rules: [
              sub(['virtualmachines/migrate'], 'update'),
              rule('kubevirt.io', ['virtualmachineinstancemigrations'], ALL),
            ],
          },
        ]
      : []),
  ];
}
