/** A rule, and the first and last minor version of KubeVirt that has it so. `$NAMESPACE` is where KubeVirt is installed. */
export interface Versions {
  since?: number;
  until?: number;
  expr: string;
}
