/** Runs what it is given when everything else of this turn of the event loop has run, promises too. */
export type TurnEnd = (call: () => void) => void;

export function createTurnEnd(): TurnEnd {
  let calls: (() => void)[] = [];

  function run() {
    const all = calls;
    calls = [];
    for (const call of all) call();
  }
  return (call) => {
    if (calls.length === 0) process.nextTick(run);
    calls.push(call);
  };
}
