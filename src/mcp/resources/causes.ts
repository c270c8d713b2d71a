import { reference } from './reference.ts';

export const causes = reference({
  one: 'cause',
  all: 'causes',
  title: 'Causes',
  description: 'Why a live migration waits, fails or goes wrong: what each cause means and what to do.',
  key: 'id',
  async load() {
    const { causeIds, causePage, causesPage } = await import('../../diagnose/reference.ts');
    return { page: causesPage, pageOf: causePage, ids: causeIds };
  },
});
