import { reference } from './reference.ts';

export const settings = reference({
  one: 'setting',
  all: 'settings',
  title: 'Settings',
  description: 'The live-migration settings of a cluster: what each really does, and its default in each version.',
  key: 'name',
  async load() {
    const { settingNames, settingPage, settingsPage } = await import('../../settings/reference.ts');
    return { page: settingsPage, pageOf: settingPage, ids: settingNames };
  },
});
