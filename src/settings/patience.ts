/** How long KubeVirt is given to take a change of settings, unless somebody says otherwise, ms. */
export const PATIENCE = 120_000;
