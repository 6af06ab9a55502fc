/**
 * Counts the turns of the event loop from now on.
 * @returns the call that stops counting and tells how many there were
 */
export function countTurns(): () => number {
  let turns = 0;
  let next = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  return () => {
    clearImmediate(next);
    return turns;
  };
}
