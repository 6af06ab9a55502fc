import { defineConfig } from 'vitest/config';

/** What is too long for `npm test`: `npm run test:full`. */
export default defineConfig({
  test: {
    include: ['test/**/*.full.test.ts'],
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } }, // on a busy machine what is waited for comes late
  },
});
