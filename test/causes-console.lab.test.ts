import { describe, expect, test } from 'vitest';
import { migrate, migrationsOf, open, releases, WEB } from './causes/place.ts';
import { isOnly, lacks, leads, shows, witnesses } from './causes/witness.ts';
import { shownForTexts } from './causes/witnessed.ts';

// What the console shows of a move that failed, whatever the cause was (facts/anchors.md 0): the user pastes it, with
// the VM at hand, and is told what it means and what really happened.

const CONSOLE = 'The selected Node is unavailable';

const meant = ({ document }: { document: object }): { ids: string[] } => ({
  ids: ((document as { meanings?: { cause: string }[] }).meanings ?? []).map(({ cause }) => cause),
});

describe.each(releases)('a move in OpenShift Virtualization %s that the console calls unavailable', (cnv) => {
  test('has failed for a reason of its own, which is told beside', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'target-crash', vm: 'shop/storefront-web-1' });
    expect((await migrate(place, ...WEB)).status).toBe(201);
    place.until(() => migrationsOf(place, WEB[1]).some(({ status }) => status?.phase === 'Failed'));
    place.pass(5);
    const told = await place.diagnose(WEB[1], '-n', 'shop', '--text', CONSOLE);
    shows(meant(told), 'console/selected-node-unavailable');
    leads(told, 'network/connection-lost');
    lacks(told, 'console/selected-node-unavailable');
    expect(told.code).toBe(1);
  });

  test('of a VM that is not there was refused, and so is a second one of a VM, for another reason', async () => {
    const place = await open({ cnv });
    const pasted = async (vm: string): Promise<{ ids: string[] }> => {
      const { status, body } = await migrate(place, 'shop', vm);
      expect(status).toBe(400);
      return meant(await place.diagnose(WEB[1], '-n', 'shop', '--text', (body as { message: string }).message));
    };
    isOnly(await pasted('storefront-web-9'), 'admission/refused');
    await migrate(place, ...WEB);
    lacks(await pasted(WEB[1]), 'admission/refused');
  });

  test('was refused by KubeVirt, and the words of that mean something else', async () => {
    const place = await open({ cnv });
    const refused = await migrate(place, 'shop', 'mail-relay');
    expect(refused.status).toBe(400);
    const { message } = refused.body as { message: string };
    const told = await place.diagnose('mail-relay', '-n', 'shop', '--text', message);
    lacks(meant(told), 'console/selected-node-unavailable', 'admission/refused');
    leads(told, 'admission/not-migratable');
    const pasted = await place.diagnose('mail-relay', '-n', 'shop', '--text', CONSOLE);
    isOnly(meant(pasted), 'console/selected-node-unavailable');
    leads(pasted, 'admission/not-migratable');
  });
});

witnesses(shownForTexts);
