/**
 * Runs what it is given in this turn of the event loop: after all promises of the turn, when it is asked within one of them, and
 * else right after the callback that asks (a timer's or a socket's), before the promises which that settled.
 */
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
