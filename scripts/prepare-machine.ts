import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What the tests use of the machine, and the Debian package it comes in. */
const programs: [program: string, debianPackage: string][] = [['kubectl', 'kubernetes-client']];

/**
 * Installs what is missing when this is Debian and we are root. Returns the names of what is still missing:
 * the tests that need it are skipped, visibly.
 */
export function prepare(): string[] {
  const missing = programs.filter(([program]) => !found(program));
  if (missing.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    for (const [, debianPackage] of missing) {
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], { stdio: 'ignore' });
    }
  }
  return missing.filter(([program]) => !found(program)).map(([program, name]) => `${program} (Debian package ${name})`);
}

function found(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));
}
