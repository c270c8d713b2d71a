import { bytesOf } from '../../model/quantity.ts';
import type { Random } from '../random.ts';
import type { DataVolume } from './cdi-claim.ts';
import { kindOf } from './cdi-status.ts';

const MiB = 2 ** 20;

/** The lab's assumption about disks: a tenth of a claim has been written, and only that is moved. */
const FILLED = 0.1;

/** The lab's assumption about CDI's pods: what one of them reads, unpacks and writes in a second. */
const BYTES_PER_SECOND = 100 * MiB;

/** How a transfer into a claim goes. */
export interface TransferPlan {
  /** Until the pod that does it runs, ms. */
  startMs: number;
  /** How long it runs; Infinity: until somebody sends something, which in the lab nobody can. */
  runMs: number;
  /** Whether it tells how far it is. */
  tells: boolean;
  /** It ends so, every time it is tried. */
  failure?: string;
}

/** How the transfer into a DataVolume's claim of so many bytes will go. */
export function planTransfer(volume: DataVolume, bytes: number, random: Random): TransferPlan {
  const startMs = random.between(1500, 4000);
  const source = volume.spec.source;
  if (kindOf(volume) === 'upload') return { startMs, runMs: Infinity, tells: false };
  const remote = source?.http ?? source?.s3 ?? source?.gcs ?? source?.registry ?? source?.imageio ?? source?.vddk;
  const runMs = ((bytes * FILLED) / BYTES_PER_SECOND) * 1000;
  if (remote === undefined && source?.pvc === undefined) {
    return { startMs, runMs: random.between(500, 1500), tells: false };
  }
  const url = remote?.url;
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined;
  if (url === undefined || !(host ?? '').endsWith('.invalid')) return { startMs, runMs, tells: true };
  return {
    startMs,
    runMs: random.between(300, 900),
    tells: true,
    // RFC 6761: names under .invalid never resolve.
    failure: `Unable to process data: HTTP request errored: Head "${url}": dial tcp: lookup ${host}: no such host`,
  };
}

export function sizeOf(text: string | undefined): number {
  return text === undefined ? 0 : bytesOf(text);
}
