import type { LibvirtError } from '../broken.ts';
import { virError } from '../controllers/libvirt-failure.ts';
import { fault } from './fault.ts';

/** What a QEMU that ends before it listens says, as libvirt passes it on. */
function ended(words: string): LibvirtError {
  const text = `internal error: process exited while connecting to monitor: qemu-kvm: ${words}`;
  return { error: virError(1, 10, text), atTarget: text };
}

const DISK = '-blockdev {"driver":"file","filename":"/var/run/kubevirt-private/vmi-disks/root/disk.img"}';

/** Errors as libvirt's source has them (virErrorNumber, virErrorDomain): cpu_x86.c, qemu_process.c and QEMU's block layer. */
const errors: Record<'cpu' | 'disk-lock' | 'disk-missing' | 'internal', LibvirtError> = {
  cpu: {
    error: virError(9, 31, "operation failed: guest CPU doesn't match specification: missing features: vmx,avx512f"),
    atTarget: "operation failed: guest CPU doesn't match specification: missing features: vmx,avx512f",
  },
  'disk-lock': ended(
    `${DISK}: Failed to get "write" lock\nIs another process using the image [/var/run/kubevirt-private/vmi-disks/root/disk.img]?`,
  ),
  'disk-missing': ended(
    `${DISK}: Could not open '/var/run/kubevirt-private/vmi-disks/root/disk.img': Permission denied`,
  ),
  internal: {
    error: virError(1, 10, "internal error: unable to execute QEMU command 'migrate-incoming': Invalid argument"),
  },
};

/** QEMU on the target can't be made ready. A `message` is what libvirt says instead. */
export const libvirtError = fault({
  name: 'libvirt-error',
  summary: 'libvirt fails the migrations of a VM before it copies anything',
  parameters: { vm: 'required', error: { default: 'internal' }, message: 'optional' },
  start: ({ cluster }, { vm, error, message }) => {
    const { libvirtErrors } = cluster.broken;
    const key = `${vm.namespace}/${vm.name}`;
    const broken = message === undefined ? errors[error] : { error: virError(1, 10, `internal error: ${message}`) };
    libvirtErrors.set(key, broken);
    return () => {
      if (libvirtErrors.get(key) === broken) libvirtErrors.delete(key);
    };
  },
});
