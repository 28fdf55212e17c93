// Runs jobs side by side: each when all it needs has succeeded and there is a free place. A job that takes the machine for
// itself (`alone`) waits until nothing else runs and starts nothing beside it: its tests look at the clock.

/**
 * @param jobs list of { name, needs?: string[], alone?: boolean, run(): Promise<boolean> }, in order of preference
 * @param places how many may run at one time
 * @param onBlocked called with a job, and the name of the failed one that it needs
 */
export async function schedule(jobs, places, onBlocked) {
  const waiting = new Set(jobs);
  const running = new Map();
  const done = new Map(); // name -> success
  const known = new Set(jobs.map((job) => job.name));
  while (waiting.size > 0 || running.size > 0) {
    for (const job of [...waiting]) {
      const needs = (job.needs ?? []).filter((name) => known.has(name));
      const failed = needs.find((name) => done.get(name) === false);
      if (failed !== undefined) {
        waiting.delete(job);
        done.set(job.name, false);
        onBlocked(job, failed);
        continue;
      }
      if (!needs.every((name) => done.has(name))) continue;
      const aloneRuns = [...running.keys()].some((other) => other.alone === true);
      if (running.size >= places || aloneRuns || (job.alone === true && running.size > 0)) continue;
      if (job.alone === true && [...waiting].some((other) => other !== job && other.alone !== true)) continue;
      waiting.delete(job);
      running.set(
        job,
        job.run().then((success) => {
          running.delete(job);
          done.set(job.name, success);
        }),
      );
    }
    if (running.size > 0) await Promise.race(running.values());
    else if (waiting.size > 0 && ![...waiting].some((job) => isReady(job, known, done))) {
      throw new Error(`no way to run: ${[...waiting].map((job) => job.name).join(', ')}`);
    }
  }
}

function isReady(job, known, done) {
  return (job.needs ?? []).every((name) => !known.has(name) || done.has(name));
}
