import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** What the tests use of the machine, and the Debian package it comes in. */
const programs: [program: string, debianPackage: string, service?: string][] = [
  ['kubectl', 'kubernetes-client'],
  ['prometheus', 'prometheus', 'prometheus.service'],
];

/** Debian asks this program whether a package may start its service. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs what is missing when this is Debian and we are root. Returns the names of what is still missing:
 * the tests that need it are skipped, visibly.
 */
export function prepare(): string[] {
  const missing = programs.filter(([program]) => !found(program));
  if (missing.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    for (const [, debianPackage, service] of missing) install(debianPackage, service);
  }
  return missing.filter(([program]) => !found(program)).map(([program, name]) => `${program} (Debian package ${name})`);
}

/** Installs a package for its program only: its service is not started, neither now nor with the machine. */
function install(debianPackage: string, service: string | undefined): void {
  const forbid = service !== undefined && !existsSync(POLICY);
  if (forbid) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], { stdio: 'ignore' });
    if (service !== undefined) spawnSync('systemctl', ['disable', service], { stdio: 'ignore' });
  } finally {
    if (forbid) rmSync(POLICY, { force: true });
  }
}

function found(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));
}
