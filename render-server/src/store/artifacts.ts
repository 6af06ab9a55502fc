import { randomBytes } from 'node:crypto';
import type { Artifact } from '@cro-analyzer/protocol/messages';
import type { Blobs } from '../blobs/blobs.ts';
import type { Database } from './database.ts';

/** Screenshots and reports: their bytes among the blobs, their description and owner in the database. */
export class ArtifactStore {
  readonly #db: Database;
  readonly #blobs: Blobs;

  constructor(db: Database, blobs: Blobs) {
    this.#db = db;
    this.#blobs = blobs;
  }

  async add(job: { id: string; owner: string }, description: Pick<Artifact, 'kind' | 'name' | 'contentType' | 'device'>, data: Buffer): Promise<Artifact> {
    const id = `art_${randomBytes(12).toString('hex')}`;
    const artifact: Artifact = { id, ...description, bytes: data.byteLength, href: `/v1/artifacts/${id}` };
    await this.#blobs.put(`${job.id}/${id}`, data);
    await this.#db.insertInto('artifacts').values({ id, job: job.id, owner: job.owner, artifact: JSON.stringify(artifact), bytes: artifact.bytes }).execute();
    return artifact;
  }

  /** The artifact and its bytes, if the owner has one of that id. */
  async find(owner: string, id: string): Promise<{ artifact: Artifact; data: Buffer } | undefined> {
    const row = await this.#db.selectFrom('artifacts').selectAll().where('id', '=', id).where('owner', '=', owner).executeTakeFirst();
    const data = row && (await this.#blobs.get(`${row.job}/${id}`));
    return row && data && { artifact: JSON.parse(row.artifact) as Artifact, data };
  }
}
