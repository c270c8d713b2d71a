import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Generous: a test never asserts a time, and machines are shared.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: more workers only make servers under test starve each other.
    maxWorkers: 2,
  },
});
