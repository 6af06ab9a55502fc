import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { sql } from 'kysely';
import { openDatabase } from '../../render-server/src/store/database.ts';
import { JobStore } from '../../render-server/src/store/jobs.ts';

/**
 * Fills the store of a server that does not run with jobs that have failed, oldest first.
 * @param bytes size of each end
 */
export async function storeEndedJobs(dataDir: string, { owner = 'local', count, bytes }: { owner?: string; count: number; bytes: number }): Promise<string[]> {
  const database = await openDatabase(dataDir);
  await sql`PRAGMA synchronous = OFF`.execute(database); // nobody waits for the disk here
  const store = new JobStore(database);
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const request = AnalysisRequest.parse({ url: `https://example.com/${n}` });
    const { job } = await store.insert({ caller: { owner, ip: '' }, onLost: 'keep', request, scopes: ['total'] }, `ended-job-${n}`);
    await store.end(job.id, { stage: 'failed', error: { code: 'page_error', message: 'x'.repeat(bytes), retryable: false } });
    ids.push(job.id);
  }
  await database.destroy();
  return ids;
}
