/** Does work that is done at once behind a promise: what it throws is a rejection. */
export function attempt<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
