/** A VM. */
export interface Named {
  namespace: string;
  name: string;
}

const COMMAND = /\b(ferry (?:check|move|diagnose|cancel)|virtctl (?:restart|start)) VM\b/g;

/**
 * A remedy with the name of the VM it is about: causes write `ferry move VM`, as it is told of a pasted text, and who asks
 * about a VM or its migration reads `ferry move web -n shop`.
 */
export function withNames(remedy: string, { namespace, name }: Named): string {
  return remedy.replaceAll(COMMAND, `$1 ${name} -n ${namespace}`);
}
