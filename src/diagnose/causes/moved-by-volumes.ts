import { movedBy } from '../moved-by.ts';

/** A VM whose volumes were pointed at new claims is migrated with them (facts/kubevirt.md E). */
export const movedByVolumes = movedBy({
  id: 'moves/volume-migration',
  title: 'A migration of its volumes moved it',
  source: 'facts/kubevirt.md C3, E',
  is: ({ who }) => who === 'volume-migration',
  remedies: () => [
    'Nothing has to be done: its disks were copied to their new claims on the way. The old claims are still there; delete them when you are sure.',
  ],
});
