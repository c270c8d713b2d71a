import type { Finding } from '../model/finding.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { readSettings, versionIn } from './read.ts';
import { findingsOf, type Settings } from './rules.ts';

/** The settings in force, by name. */
export function settingsInForce(snapshot: Snapshot): Settings {
  return Object.fromEntries(readSettings(snapshot).map(({ name, value }) => [name, value ?? undefined]));
}

/** What is wrong with the settings as they are, and what an upgrade has left behind. */
export function settingsFindings(snapshot: Snapshot): Finding[] {
  return [...findingsOf(settingsInForce(snapshot), snapshot), ...leftOver(snapshot), ...diverging(snapshot)];
}

/** Defaults that changed underneath: HyperConverged stores its CRD's defaults, and upgrades leave most of them (facts/kubevirt.md A10). */
function leftOver(snapshot: Snapshot): Finding[] {
  const version = versionIn(snapshot);
  return readSettings(snapshot).flatMap(
    ({ name, value, leftOverFrom, object, field, default: standard }): Finding[] => {
      if (leftOverFrom === undefined || object === undefined || field === undefined) return [];
      return [
        {
          check: 'settings/left-over',
          severity: 'warning',
          subject: object,
          message: `${name} is ${value}, the default of OpenShift Virtualization ${leftOverFrom}, but a new installation of this version (${version?.cnv}) has ${standard}: the upgrade left it`,
          evidence: [{ object, field, value }],
          remedy: `If nobody chose it: settings set ${name}=${standard}. If it was chosen: leave it.`,
        },
      ];
    },
  );
}

function diverging(snapshot: Snapshot): Finding[] {
  return readSettings(snapshot).flatMap(({ name, value, source, object, field, how }): Finding[] => {
    if (source !== 'KubeVirt' || object === undefined || field === undefined || !how.startsWith('HyperConverged'))
      return [];
    return [
      {
        check: 'settings/diverges',
        severity: 'warning',
        subject: object,
        message: `KubeVirt's CR has another ${name} than HyperConverged, which puts its own back`,
        evidence: [{ object, field, value }],
        remedy:
          'Change it in HyperConverged: `settings set` does. If it stays like this, the HyperConverged operator does not run or is stuck.',
      },
    ];
  });
}
