/**
 * What QEMU and KubeVirt do by constants. Bytes and seconds throughout physics/.
 * Sources: facts/physics.md A.1 (QEMU 10.0, read in its source) unless a line says otherwise.
 */

export const PAGE = 4096;

/** QEMU's BUFFER_DELAY: bandwidth is measured, and a limit is kept, per window of this length. */
export const WINDOW = 0.1;
/** QEMU's MAX_WAIT: the longest single call that sends pages. */
export const ITERATE = 0.05;

/** Bytes on the wire of a page sent in a single stream: the page and its header. */
export const PAGE_ON_WIRE = PAGE + 8;
/** Bytes on the wire of a zero page in a single stream. */
export const ZERO_PAGE_ON_WIRE = 9;
/** A multifd packet carries up to 128 pages behind a header of 320 + 8 * 128 bytes; zero pages are named in it only. */
const MULTIFD_HEADER_SHARE = (320 + 8 * 128) / 128;
export const MULTIFD_PAGE_ON_WIRE = PAGE + MULTIFD_HEADER_SHARE;
export const MULTIFD_ZERO_PAGE_ON_WIRE = MULTIFD_HEADER_SHARE;

/** Pages are write-protected anew when their chunk of a RAM block is first sent in a round (clear-bitmap shift 18). */
export const CLEAR_CHUNK = 2 ** 18 * PAGE;

/**
 * Bytes of zero memory that one thread finds to be zero in a second: 4.3 us a page, the better of the two figures in
 * facts/qemu.md 4.1 (measured on memory touched for the first time; a hypervisor's cores may be faster).
 */
export const ZERO_SCAN_RATE = PAGE / 4.3e-6;

/** Auto-converge (cpu-throttle-*): shares of a vCPU's time, and the seconds between evaluations. */
export const THROTTLE = {
  trigger: 0.5,
  initial: 0.2,
  increment: 0.1,
  max: 0.99,
  /** The dirty rate and the throttle are evaluated at syncs more than this apart. */
  period: 1,
  /** From QEMU 10.0: a sync is forced after this long without one, once the first pass is over. */
  forcedSync: 5,
} as const;

/**
 * Seconds of a switch-over that do not depend on the guest: stopping it, its devices, loading them, the handshake.
 * QEMU reported 32 ms for an idle guest with a return path (facts/qemu.md 3.3).
 */
export const SWITCHOVER_FIXED = 0.03;
/**
 * Seconds the last sync of the dirty bitmap takes for each byte of RAM. KubeVirt's VEP 248 says several hundred ms to
 * a few seconds around 1 TB; this is the low end, half a second for a TiB. Calibrate it where it matters.
 */
export const FINAL_SYNC_PER_BYTE = 0.5 / 2 ** 40;
/** Seconds from a cancel to its being done (facts/qemu.md 3.6, one run). */
export const CANCEL = 0.027;

/** How often KubeVirt's monitor looks at a migration (facts/kubevirt.md D1). */
export const MONITOR_POLL = 0.4;

/** Bytes per second one TLS stream carries: it is bound by a CPU (reported for QEMU's TLS, facts/physics.md A.6). */
export const TLS_STREAM_RATE = 300e6;
