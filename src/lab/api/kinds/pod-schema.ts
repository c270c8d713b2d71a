import {
  boolean,
  conditions,
  integer,
  labels,
  list,
  listBy,
  open,
  quantities,
  type Schema,
  string,
  time,
  whole,
} from './schema.ts';

// Pods and the templates of workloads. Merge keys as k8s.io/api/core/v1 declares them.

const resources = open('What is requested and what is the limit.', {
  requests: quantities('The least that is needed; scheduling counts these.'),
  limits: quantities('The most that may be used.'),
});

export const tolerations = list(
  'Taints the pod may run in spite of.',
  open('Matches taints.', {
    key: string('The taint key; empty matches all keys.'),
    operator: string('Exists or Equal.'),
    value: string('The taint value.'),
    effect: string('The effect to match; empty matches all.'),
    tolerationSeconds: integer('How long a NoExecute taint is tolerated.', 'int64'),
  }),
);

export const affinity = open('Rules of which nodes are possible or preferred.', {
  nodeAffinity: open('By labels of nodes.'),
  podAffinity: open('Near other pods.'),
  podAntiAffinity: open('Away from other pods.'),
});

const port = open('A port.', {
  containerPort: integer('Its number.'),
  name: string('Its name.'),
  protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }),
});

const container = open('A container of the pod.', {
  name: string('The name of the container.'),
  image: string('The image.'),
  imagePullPolicy: string('Always, Never or IfNotPresent.'),
  command: list('What is run.', { type: 'string' }),
  args: list('Its arguments.', { type: 'string' }),
  env: listBy('name', 'Environment variables.', open('A variable.')),
  ports: listBy('containerPort', 'Ports that are exposed.', port, ['containerPort', 'protocol']),
  resources,
  volumeMounts: listBy('mountPath', 'Volumes mounted into the file system.', open('A mount.')),
  volumeDevices: listBy('devicePath', 'Block devices.', open('A device.')),
});

const podSpec = open('How the pod is meant to be.', {
  containers: listBy('name', 'The containers.', container),
  initContainers: listBy('name', 'Containers that run first.', container),
  volumes: listBy('name', 'Volumes the containers can mount.', open('A volume.')),
  nodeName: string('The node the pod runs on.'),
  nodeSelector: labels('Labels the node must have.'),
  affinity,
  tolerations,
  serviceAccountName: string('The ServiceAccount the pod runs as.'),
  schedulerName: string('Which scheduler places the pod.', { default: 'default-scheduler' }),
  dnsPolicy: string('How names are resolved.', { default: 'ClusterFirst' }),
  priorityClassName: string('The priority class.'),
  priority: integer('The priority.'),
  restartPolicy: string('Always, OnFailure or Never.', { default: 'Always' }),
  terminationGracePeriodSeconds: integer('Seconds the pod may take to end.', 'int64', { default: 30 }),
  hostNetwork: boolean('Whether the pod uses the network of the node.'),
  imagePullSecrets: listBy('name', 'Secrets for pulling images.', open('A reference.')),
  topologySpreadConstraints: listBy('topologyKey', 'How pods spread over topologies.', open('A constraint.'), [
    'topologyKey',
    'whenUnsatisfiable',
  ]),
  readinessGates: list('Conditions that must be true too before the pod is ready.', open('A gate.')),
});

export const pod: Schema = whole('A group of containers that runs on one node.', {
  spec: podSpec,
  status: open('The state of the pod.', {
    phase: string('Pending, Running, Succeeded, Failed or Unknown.'),
    conditions: conditions('PodScheduled, Initialized, ContainersReady, Ready.'),
    podIP: string('The address of the pod.'),
    podIPs: listBy('ip', 'The addresses of the pod.', open('An address.')),
    hostIP: string('The address of the node.'),
    startTime: time('When the node took the pod on.'),
    reason: string('Why it is in this state, one CamelCase word.'),
    message: string('Why it is in this state, for people.'),
    containerStatuses: list('The state of each container.', open('The state of a container.')),
    initContainerStatuses: list('The state of each init container.', open('The state of a container.')),
    qosClass: string('Guaranteed, Burstable or BestEffort.'),
  }),
});

export const podTemplate = open('The pods that are made.', {
  metadata: open('Metadata of the pods.', {
    labels: labels('Labels of the pods.'),
    annotations: labels('Annotations of the pods.'),
  }),
  spec: podSpec,
});
