import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Bytes by key. A key is made of segments of letters, digits and underscores, joined by slashes. */
export interface Blobs {
  put(key: string, data: Buffer): Promise<void>;
  /** Undefined when there is none. */
  get(key: string): Promise<Buffer | undefined>;
  /** Removes every blob whose key begins with this segment; that there is none is no error. */
  remove(segment: string): Promise<void>;
  /** The first segments of all keys. */
  list(): Promise<string[]>;
}

const KEY = /^\w+(\/\w+)*$/;

/** No segment of a key has a dot in it. */
const PARTS = '.parts';

/** Blobs as files in a folder. A file is there whole or not at all. */
export class FileBlobs implements Blobs {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens a folder that no other process writes to; what was half written when an earlier one was killed is removed. */
  static async open(folder: string): Promise<FileBlobs> {
    await rm(join(folder, PARTS), { recursive: true, force: true });
    await mkdir(join(folder, PARTS), { recursive: true });
    return new FileBlobs(folder);
  }

  async put(key: string, data: Buffer): Promise<void> {
    const path = this.#path(key);
    const part = join(this.#folder, PARTS, randomUUID());
    try {
      await writeFile(part, data, { flush: true }); // else a power loss could leave the name without the bytes
      await mkdir(dirname(path), { recursive: true });
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#path(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async remove(segment: string): Promise<void> {
    await rm(this.#path(segment), { recursive: true, force: true });
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#folder)).filter((name) => KEY.test(name)); // whatever else stands there is not ours
  }

  #path(key: string): string {
    if (!KEY.test(key)) throw new Error(`not a blob key: ${key}`);
    return join(this.#folder, key);
  }
}
