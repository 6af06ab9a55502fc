/** Rows of cells as a table with aligned columns; the first row is its head. Numbers stand to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row
    .map((cell, column) => (typeof rows[1]?.[column] === 'number' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
    .join('  ').trimEnd();
  const [head = [], ...body] = cells;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/** Promises and whether they were kept: a line each, and a last one that counts them. */
export class Verdicts {
  #passed = 0;
  #failed = 0;

  /** @param details what was measured, or (of a broken promise) what is wrong, a line each */
  judge(promise: string, kept: boolean, details: string | readonly string[] = []): void {
    if (kept) this.#passed += 1;
    else this.#failed += 1;
    const lines = typeof details === 'string' ? [details] : details;
    const [only] = lines;
    console.log(`${kept ? 'ok    ' : 'FAILED'}  ${promise}${kept && only ? `: ${lines.join('; ')}` : ''}`);
    if (!kept) for (const line of lines.slice(0, 20)) console.log(`          ${line}`);
    if (!kept && lines.length > 20) console.log(`          and ${lines.length - 20} more`);
  }

  get failed(): number {
    return this.#failed;
  }

  /** Prints the closing line. @returns the exit code */
  close(): number {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 ? 0 : 1;
  }
}
