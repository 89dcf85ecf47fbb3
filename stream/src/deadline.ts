/** Waits for work that nobody is to wait for longer than `timeoutMs`; how it ends, if it does, is of no interest. */
export async function atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work.then(ignore, ignore), deadline]);
  clearTimeout(timer);
}

function ignore(): void {}
