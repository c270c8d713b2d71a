import { describe, expect, it } from 'vitest';
import { knownVersion, pinsCpuVendor, takesTarget, versionOf, versionRemark, versions } from './index.ts';

describe('the version of a cluster', () => {
  it.each([
    ['v1.3.1', '4.17', 'known'],
    ['v1.6.2-dirty', '4.20', 'known'],
    ['1.9', 'next', 'known'],
    ['v1.12.0', 'next', 'newer'],
    ['v2.0.0', 'next', 'newer'],
    ['v1.1.1', '4.17', 'older'],
    ['v0.59.0', '4.17', 'older'],
  ])('%s is that of OpenShift Virtualization %s (%s)', (observed, cnv, fit) => {
    const known = knownVersion(observed);
    expect([known?.version.cnv, known?.fit]).toEqual([cnv, fit]);
  });

  it.each([undefined, '', 'devel', '{version}'])('is unknown where it says %s', (observed) => {
    expect(knownVersion(observed)).toBeUndefined();
    expect(takesTarget(observed)).toBeUndefined();
  });

  it('is remarked on only if Ferry does not know it', () => {
    expect(versionRemark('v1.7.0')).toBeUndefined();
    expect(versionRemark(undefined)).toBeUndefined();
    expect(versionRemark('v1.12.0')).toBe(
      'KubeVirt v1.12.0 is newer than what Ferry knows; it is taken for KubeVirt 1.9',
    );
    expect(versionRemark('v1.0.0')).toBe(
      'KubeVirt v1.0.0 is older than what Ferry knows; it is taken for KubeVirt 1.3',
    );
  });

  it('of OpenShift Virtualization is found by its minor number only', () => {
    expect(versions.map(({ cnv }) => versionOf(cnv)?.kubevirt.slice(0, 4))).toEqual(
      ['1.3', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9'].map((name) => `v${name}`),
    );
    expect(versionOf('4.16')).toBeUndefined();
    expect(versionOf('1.6')).toBeUndefined();
  });

  it.each([
    ['v1.5.3', false],
    ['v1.6.3', false],
    ['v1.6.4', true],
    ['v1.7.0', false],
    ['v1.7.1', true],
    ['v1.8.0', true],
    ['v1.11.0', true],
  ])('%s pins the CPU vendor of a target: %s', (observed, pins) => {
    expect(pinsCpuVendor(knownVersion(observed)!)).toBe(pins);
  });
});
