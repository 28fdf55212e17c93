import test from 'node:test';

import { exampleLab, exampleText, onlyOn, startExample, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import type { Program } from '../../support/program.js';

/** Something that listens on port 80 of the host. */
async function service(host: LabHost): Promise<Program> {
  const code = "require('net').createServer((s) => s.end()).listen(80, () => console.log('listening'))";
  const program = await host.start([process.execPath, '-e', code]);
  await program.waitForLine(/listening/);
  return program;
}

test('track_script: the address leaves with the service and returns with it', async () => {
  await using lab = await exampleLab('ex6');
  const { ka1, ka2 } = lab;
  for (const host of [ka1, ka2]) {
    host.writeEtc('keepalived/check_haproxy.sh', exampleText('06-track-script/check_haproxy.sh'), 0o755);
  }
  const haproxy = await service(ka1);
  await service(ka2);
  const first = await startExample(ka1, '06-track-script/ka1.conf');
  await startExample(ka2, '06-track-script/ka2.conf');
  await onlyOn(vip, ka1, ka2);

  await haproxy.stop();
  await first.waitForLine(/VRRP_Script\(check_haproxy\) failed \(exited with status 1\)/);
  await first.waitForLine(/\(WEB\) Changing effective priority from 100 to 80/);
  await onlyOn(vip, ka2, ka1);
  await first.waitForLine(
    /\(WEB\) Master received advert from 10\.0\.0\.28 with higher priority 90, ours 80/,
  );

  await service(ka1);
  await first.waitForLine(/\(WEB\) Changing effective priority from 80 to 100/);
  await onlyOn(vip, ka1, ka2);
});
