/**
 * Loaded into every process of a ka-node from outside (NODE_OPTIONS=--import): stops its JavaScript for ten seconds, or
 * keeps its heap and collector as busy as they get. What the product must not notice on the wire.
 */
const startMs = 1500;
const lengthMs = 10_000;

function block(): void {
  const end = performance.now() + lengthMs;
  while (performance.now() < end) continue;
  process.stderr.write(`bench: event loop was blocked for ${lengthMs} ms\n`);
}

/** Makes and drops objects that live long enough to be moved about, 20 ms of every 25. */
function pressHeap(): void {
  const end = performance.now() + lengthMs;
  const kept: object[] = [];
  let made = 0;
  const press = (): void => {
    const pause = performance.now() + 20;
    while (performance.now() < pause) kept[made++ % 200_000] = { made, text: `object ${made}`, list: [made] };
    if (performance.now() < end) setTimeout(press, 5);
    else process.stderr.write(`bench: made ${made} objects under heap pressure\n`);
  };
  press();
}

switch (process.env['KA_BENCH_STALL']) {
  case 'block':
    setTimeout(block, startMs).unref();
    break;
  case 'heap':
    setTimeout(pressHeap, startMs).unref();
    break;
  default:
    throw new Error("KA_BENCH_STALL must be 'block' or 'heap'");
}
