// kubernetes-nmstate v0.84 (OpenShift 4.20): pkg/enactmentstatus/conditions, pkg/policyconditions.

export interface NmstateCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastHeartbeatTime?: string;
  lastTransitionTime?: string;
}

type Setting = [type: string, status: NmstateCondition['status'], message?: string];

function put(conditions: NmstateCondition[], reason: string, settings: Setting[], time: string): NmstateCondition[] {
  let all = conditions;
  for (const [type, status, message = ''] of settings) {
    const before = all.find((one) => one.type === type);
    const next: NmstateCondition = {
      type,
      status,
      ...(reason === '' ? {} : { reason }),
      ...(message === '' ? {} : { message }),
      lastHeartbeatTime: time,
      lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? time) : time,
    };
    all = before === undefined ? [...all, next] : all.map((one) => (one === before ? next : one));
  }
  return all;
}

const unknown = (types: string[]): Setting[] => types.map((type) => [type, 'Unknown']);

/** What a node says of a policy. */
export type EnactmentState = 'new' | 'pending' | 'progressing' | 'available' | 'failing' | 'aborted';

export function enactmentConditions(
  before: NmstateCondition[],
  state: EnactmentState,
  message: string,
  time: string,
): NmstateCondition[] {
  const set = (reason: string, settings: Setting[]): NmstateCondition[] => put(before, reason, settings, time);
  switch (state) {
    case 'new':
      return set('', unknown(['Available', 'Failing', 'Progressing', 'Pending', 'Aborted']));
    case 'pending':
      return set('MaxUnavailableLimitReached', [
        ['Pending', 'True', message],
        ['Aborted', 'False'],
        ['Progressing', 'False', message],
        ['Failing', 'False'],
        ['Available', 'False'],
      ]);
    case 'progressing':
      return set('ConfigurationProgressing', [
        ['Progressing', 'True', message],
        ['Failing', 'Unknown'],
        ['Available', 'Unknown'],
        ['Pending', 'False'],
        ['Aborted', 'False'],
      ]);
    case 'available':
      return set('SuccessfullyConfigured', [
        ['Available', 'True', message],
        ['Failing', 'False'],
        ['Progressing', 'False'],
        ['Pending', 'False'],
        ['Aborted', 'False'],
      ]);
    case 'failing':
      return put(
        set('FailedToConfigure', [
          ['Failing', 'True', message],
          ['Available', 'False'],
          ['Progressing', 'False'],
          ['Pending', 'False'],
        ]),
        'SuccessfullyConfigured',
        [['Aborted', 'False']],
        time,
      );
    default:
      return set('ConfigurationAborted', [
        ['Failing', 'False'],
        ['Available', 'False'],
        ['Progressing', 'False'],
        ['Pending', 'False'],
        ['Aborted', 'True', message],
      ]);
  }
}

/** How the nodes of a policy stand. */
export interface PolicyCount {
  matching: number;
  ready: number;
  available: number;
  failing: number;
  aborted: number;
}

/** A policy that was created or changed, before a node has looked at it. */
export function unknownPolicy(time: string): NmstateCondition[] {
  return put([], '', unknown(['Available', 'Degraded', 'Progressing']), time);
}

export function policyConditions(before: NmstateCondition[], count: PolicyCount, time: string): NmstateCondition[] {
  const { matching, ready, available, failing, aborted } = count;
  const ignored = matching > ready ? `, ${matching - ready} nodes ignored due to NotReady state` : '';
  const finished = available + failing + aborted;
  const progress = 'ConfigurationProgressing';
  const end = (reason: string, settings: Setting[]): NmstateCondition[] =>
    put(put(before, reason, settings, time), progress, [['Progressing', 'False']], time);
  if (matching === 0) {
    const message = 'Policy does not match any node';
    return end('NoMatchingNode', [
      ['Degraded', 'False', message],
      ['Available', 'True', message],
    ]);
  }
  if (failing > 0 || aborted > 0) {
    const others = aborted > 0 ? `, ${aborted} nodes aborted configuration` : '';
    return end('FailedToConfigure', [
      ['Degraded', 'True', `${failing}/${matching} nodes failed to configure${others}`],
      ['Available', 'False'],
    ]);
  }
  if (finished < ready) {
    return put(
      before,
      progress,
      [
        ['Degraded', 'Unknown'],
        ['Available', 'Unknown'],
        ['Progressing', 'True', `Policy is progressing ${finished}/${ready} nodes finished${ignored}`],
      ],
      time,
    );
  }
  return end('SuccessfullyConfigured', [
    ['Degraded', 'False'],
    ['Available', 'True', `${available}/${matching} nodes successfully configured${ignored}`],
  ]);
}
