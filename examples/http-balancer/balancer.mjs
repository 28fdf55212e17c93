// A load balancer whose address survives it: `node balancer.mjs` on two hosts.
import http from 'node:http';
import { VirtualRouter } from 'ka-node';

const backends = (process.env.BACKENDS ?? 'http://127.0.0.1:8081').split(',');
let next = 0;
const server = http.createServer((request, response) => {
  const target = new URL(request.url, backends[next++ % backends.length]);
  const forward = http.request(target, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  forward.on('error', () => response.writeHead(502).end('no backend answers\n'));
  request.pipe(forward);
});
await new Promise((resolve) => server.listen(80, resolve));

const addresses = [process.env.ADDRESS ?? '10.0.0.100/24'];
const priority = Number(process.env.PRIORITY ?? 100);
const router = await VirtualRouter.start({ interface: 'eth0', virtualRouterId: 51, addresses, priority });
console.log(router.state);
router.on('state', ({ to, reason }) => console.log(`${to}, because ${reason}`));
process.on('SIGTERM', () => router.close().then(() => process.exit()));
