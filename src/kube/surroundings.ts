import { homedir } from 'node:os';

/** Where to look; the process's own surroundings but in tests. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** Directory of the mounted service account, when this is a pod. */
  serviceAccount: string;
}

export const realSurroundings = (): Surroundings => ({
  env: process.env,
  home: homedir(),
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
});
