/** Ids of the jobs that wait for a page, first come first served. The store has the jobs; this is their order. */
export class JobQueue {
  readonly #ids = new Set<string>();
  #waiting: PromiseWithResolvers<void> | undefined;

  get size(): number {
    return this.#ids.size;
  }

  push(id: string): void {
    this.#ids.add(id);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Takes the first id out, if there is one. */
  shift(): string | undefined {
    const [first] = this.#ids;
    if (first !== undefined) this.#ids.delete(first);
    return first;
  }

  /** Takes an id out of the middle: whether it was waiting. */
  remove(id: string): boolean {
    return this.#ids.delete(id);
  }

  /** How many wait before this one; undefined when it does not wait. */
  position(id: string): number | undefined {
    let position = 0;
    for (const other of this.#ids) {
      if (other === id) return position;
      position += 1;
    }
    return undefined;
  }

  /** Resolves as soon as something waits. */
  async filled(): Promise<void> {
    if (this.#ids.size > 0) return;
    this.#waiting ??= Promise.withResolvers();
    await this.#waiting.promise;
  }
}
