import type { Cause } from '../cause.ts';

/** The console says this whatever the cause was (facts/anchors.md 0, 4). */
export const consoleMessage: Cause = {
  id: 'console/selected-node-unavailable',
  title: 'The console says this of every failed migration',
  source: 'facts/anchors.md 0 item 4',
  needs: [],
  texts: [/selected node is unavailable/i],
  meaning: {
    message:
      'The console shows "the selected Node is unavailable" for every migration that failed, whatever the cause; the node may be quite well. It says nothing about why.',
    remedies: ['Find the cause: ferry diagnose VM.', 'See which nodes can take the VM: ferry check VM.'],
  },
};
