/**
 * Remembers what was made for a key, so that equal things are one: thousands have the same board open, and each keeps what it was
 * given for as long as it lives. Forgets all of it when there are `max`.
 */
export function createBoundedMemo<Key, Made>(max: number): (key: Key, make: () => Made) => Made {
  const known = new Map<Key, Made>();
  return (key, make) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make();
    if (known.size >= max) known.clear();
    known.set(key, made);
    return made;
  };
}
