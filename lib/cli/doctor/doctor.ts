/** `ka-node doctor`: looks at this machine with the eyes of its configuration, changes nothing, and says what to do. */
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { NativeError } from '../../../bindings/errors.js';
import { listenForAdverts, type HeardAdverts } from '../../../bindings/listener.js';
import { parseConfig } from '../../config/load.js';
import type { Config } from '../../config/model.js';
import type { VrrpInstance } from '../../config/model-vrrp.js';
import { ControlError, get } from '../../control/client.js';
import { controlPath } from '../../control/paths.js';
import { pidFiles, runningDaemon } from '../../daemon/process.js';
import { run } from '../../exec.js';
import { systemClock } from '../../host.js';
import { advertFindings } from './adverts.js';
import { isStatus } from '../control.js';
import { interfacesOf, type Finding, type Patient } from './finding.js';
import { firewallDrop, firewallFinding, type ImaginedAdvert } from './firewall.js';
import { managerFindings, missingCapabilities, sysctlFindings } from './machine.js';

export interface DoctorOptions {
  readonly file: string;
  readonly json?: boolean;
  /** Seconds to listen for adverts; absent: as long as a master may be silent. */
  readonly listen?: string;
  /** Folder that stands for /. */
  readonly root?: string;
}

/** Longest time to listen unless told otherwise. */
const longestListenS = 10;

/** The result is the exit status: 0 nothing wrong, 1 problems, 2 no configuration to look with. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const listenS = options.listen === undefined ? undefined : Number(options.listen);
  if (listenS !== undefined && !(listenS >= 0 && listenS <= 3600)) {
    process.stderr.write(
      `ka-node doctor: --listen ${options.listen ?? ''}: a number of seconds up to 3600\n`,
    );
    return 2;
  }
  const { model } = parseConfig({ path: options.file });
  if (model === undefined) {
    process.stderr.write(
      `ka-node doctor: ${options.file} cannot be used; see: ka-node check ${options.file}\n`,
    );
    return 2;
  }
  const patient: Patient = { config: model, read: (path) => readIfThere(join(options.root ?? '/', path)) };
  const capabilities = missingCapabilities(patient);
  const findings = [
    ...capabilities,
    ...(await firewallFindings(model)),
    ...sysctlFindings(patient),
    ...managerFindings(patient),
    ...(await heardFindings(model, listenS ?? longestSilenceS(model))),
  ];
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ findings }, undefined, 2)}\n` : asText(findings),
  );
  return findings.some(({ severity }) => severity === 'problem') ? 1 : 0;
}

function asText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ severity, message, mend }) => [
    `${severity}: ${message}`,
    ...(mend === undefined ? [] : [`    mend it with: ${mend}`]),
  ]);
  const count = (wanted: Finding['severity']): number =>
    findings.filter(({ severity }) => severity === wanted).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const sum =
    problems + warnings === 0
      ? 'nothing wrong was found'
      : [many(problems, 'problem'), many(warnings, 'warning')].filter((each) => each !== '').join(', ');
  return `${[...lines, sum].join('\n')}\n`;
}

function many(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

async function firewallFindings(config: Config): Promise<readonly Finding[]> {
  const { end, output } = await run(
    { argv: ['nft', '-j', 'list', 'ruleset'] },
    { clock: systemClock, timeoutMs: 10_000, captureBytes: 64 * 1024 * 1024 },
  );
  if (end.kind !== 'exited' || end.status !== 0) {
    const why = end.kind === 'not-started' ? 'the program nft is missing (package nftables)' : output.trim();
    return [{ check: 'firewall', severity: 'note', message: `the firewall was not looked at: ${why}` }];
  }
  const found = new Map<string, Finding>();
  for (const instance of config.vrrpInstance) {
    const interfaceName = instance.interface?.text;
    if (interfaceName === undefined) continue;
    for (const hook of ['input', 'output'] as const) {
      const advert: ImaginedAdvert = {
        family: instance.family === 4 ? 'ip' : 'ip6',
        hook,
        interfaceName,
        destination: instance.isUnicast ? (instance.unicastPeer[0]?.address ?? '') : instance.mcastDstIp,
      };
      const drop = firewallDrop(output, advert);
      if (drop === undefined) continue;
      const finding = firewallFinding(advert, drop);
      found.set(finding.message, finding);
    }
  }
  return [...found.values()];
}

async function heardFindings(config: Config, seconds: number): Promise<readonly Finding[]> {
  if (seconds === 0) return [];
  const isOurs = await ownInstances(config);
  const heard = new Map<string, readonly HeardAdverts[]>();
  const findings: Finding[] = [];
  await Promise.all(
    interfacesOf(config).map(async (device) => {
      try {
        heard.set(device, await listenForAdverts(device, seconds * 1000));
      } catch (error) {
        if (!(error instanceof NativeError)) throw error;
        const message = `${device}: adverts were not listened for: ${error.message}`;
        findings.push({ check: 'adverts', severity: 'note', message });
      }
    }),
  );
  for (const instance of config.vrrpInstance)
    findings.push(
      ...advertFindings(instance, heard.get(instance.interface?.text ?? '') ?? [], isOurs(instance)),
    );
  return findings;
}

/** Does our own daemon speak for an instance? It says so on the control socket of this configuration; else its pid file names it. */
async function ownInstances(config: Config): Promise<(instance: VrrpInstance) => boolean> {
  const { instance, netNamespace: namespace } = config;
  const path = controlPath({ instance, namespace });
  try {
    if (path !== undefined) {
      const answer = await get({ path, timeoutMs: 2000 }, '/v1/status');
      const spoken = isStatus(answer) ? answer.instances : [];
      return ({ virtualRouterId: vrid, interface: device }) =>
        spoken.some((each) => each.vrid === vrid && each.interface === device?.text);
    }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
  }
  const isOurs = pidFileIsOurs(config);
  return () => isOurs;
}

/** The pid file is keepalived's too: it is ours when Node.js runs there. */
function pidFileIsOurs({ instance, usePidDir }: Config): boolean {
  const none = { pidFile: undefined, vrrpPidFile: undefined, checkersPidFile: undefined };
  const pid = runningDaemon(pidFiles(none, instance, usePidDir).main);
  if (pid === undefined) return false;
  try {
    return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
  } catch {
    return false;
  }
}

/** A master that is there says so within its interval; three of them, as a backup waits. */
function longestSilenceS({ vrrpInstance }: Config): number {
  const longest = Math.max(0, ...vrrpInstance.map(({ advertInt }) => advertInt / 1e6));
  return Math.min(longestListenS, 3 * longest + 0.5);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
