// Loaded with --import into a measured process: on exit writes its peak resident memory, in KiB, to file descriptor 3.
import { writeSync } from 'node:fs';

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
