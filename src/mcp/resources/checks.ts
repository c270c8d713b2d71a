import { reference } from './reference.ts';

export const checks = reference({
  one: 'check',
  all: 'checks',
  title: 'Checks',
  description: 'What Ferry checks before a live migration, and where each rule comes from.',
  key: 'id',
  async load() {
    const { checkIds, checkPage, checksPage } = await import('../../assess/reference.ts');
    return { page: checksPage, pageOf: checkPage, ids: checkIds };
  },
});
