import { describe, expect, test } from 'vitest';
import { startLab } from '../lab.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { small } from '../scenarios/small.ts';
import { faultLab } from './testing.ts';

const withFaults = (...faults: NonNullable<Scenario['faults']>): Scenario => ({ ...small, faults });

describe('the faults of a scenario', () => {
  test('begin and end in lab time', async () => {
    const scenario = withFaults(
      { at: '30s', name: 'api-500', for: '10s' },
      { at: '0', name: 'api-latency', delay: '1s' },
      { at: '20s', name: 'watch-drop' },
    );
    const lab = await faultLab({ scenario });
    const names: string[] = [];
    for (const until of [0, 29_999, 30_000, 39_999, 40_000]) {
      lab.clock.advanceTo(Date.parse('2026-03-01T08:00:00Z') + until);
      names.push(
        lab.injector
          .active()
          .map(({ name }) => name)
          .join(' '),
      );
    }
    await lab.stop();
    expect(names).toEqual(['api-latency', 'api-latency', 'api-latency api-500', 'api-latency api-500', 'api-latency']);
  });

  test.each([
    [{ at: 'soon', name: 'api-500' }, 'at must be a duration such as 30s or 5m; "soon" is not'],
    [{ at: '1s', name: 'api-5000' }, 'there is no fault "api-5000"'],
    [{ at: '1s', name: 'link-slow', node: 'worker-9', gbps: '1' }, 'node must be a node of the lab'],
  ])('are refused at the start when they are wrong: %j', async (fault, sentence) => {
    await expect(startLab({ scenario: withFaults(fault), speed: 'stopped' })).rejects.toThrow(sentence);
  });

  test('that cannot happen when their time comes are told as such, and nothing else stops', async () => {
    const lab = await faultLab({
      scenario: withFaults({ at: '1s', name: 'volume-detached', vm: 'finance/payroll-batch' }),
    });
    lab.clock.advanceBy(2000);
    await lab.stop();
    expect(lab.faults.map(({ message }) => message)).toEqual(['vm finance/payroll-batch does not run']);
  });
});

describe('what faults do by chance', () => {
  test('is the same in every lab of the same seed, and another with another seed', async () => {
    const drawn = async (seed: string): Promise<string> => {
      const lab = await faultLab({ seed });
      lab.inject('api-500', { rate: '0.5' });
      let statuses = '';
      for (let count = 0; count < 24; count++)
        statuses += (await lab.ask('GET', '/version')).status === 500 ? 'x' : '.';
      await lab.stop();
      return statuses;
    };
    const first = await drawn('a');
    expect(await drawn('a')).toBe(first);
    expect(await drawn('b')).not.toBe(first);
  });
});
