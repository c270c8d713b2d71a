/** A condition of a VM, VMI or VMIM. */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string | null;
}

export function conditionOf(conditions: readonly unknown[] | undefined, type: string): Condition | undefined {
  return (conditions as Condition[] | undefined)?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly unknown[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === 'True';
}

/** The conditions with one replaced or added; unchanged ones are kept as they are, transition time and all. */
export function put<T>(conditions: T[] | undefined, condition: Condition): T[] {
  const list = (conditions ?? []) as unknown as Condition[];
  const before = list.find(({ type }) => type === condition.type);
  if (
    before !== undefined &&
    before.status === condition.status &&
    before.reason === condition.reason &&
    before.message === condition.message
  ) {
    return conditions ?? [];
  }
  const next =
    before === undefined ? [...list, condition] : list.map((other) => (other === before ? condition : other));
  return next as unknown as T[];
}

export function without<T>(conditions: T[] | undefined, type: string): T[] {
  return ((conditions ?? []) as unknown as Condition[]).filter(
    (condition) => condition.type !== type,
  ) as unknown as T[];
}
