/** Where the demo plays: which interfaces, addresses and virtual addresses two configurations want, and the lab that has them. */
import { parseConfig } from '../../lib/config/load.js';
import type { Config } from '../../lib/config/model.js';
import type { VrrpInstance } from '../../lib/config/model-vrrp.js';
import { NetLab, type LabHost, type PortOptions } from '../support/net-lab.js';

/** One node of the demo. */
export interface Node {
  readonly name: string;
  readonly host: LabHost;
  readonly file: string;
  /** Its instance of the watched address; undefined when the file has none. */
  readonly instance: VrrpInstance | undefined;
}

export interface Scene extends AsyncDisposable {
  readonly nodes: readonly [Node, Node];
  readonly client: LabHost;
  /** The address that is watched, without prefix length. */
  readonly address: string;
  /** All virtual addresses of both files, without prefix length. */
  readonly addresses: readonly string[];
}

/** An address of a virtual router, and the subnet it is in. */
interface Wanted {
  readonly device: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 4 | 6;
}

/** A problem with the files, to be shown as it is. */
export class SceneError extends Error {}

/**
 * Builds two nodes, a switch for each interface and a client.
 * @throws {SceneError} when the files cannot be shown: unreadable, or without a virtual address.
 */
export async function buildScene(files: readonly [string, string]): Promise<Scene> {
  const configs = [readConfig(files[0]), readConfig(files[1])] as const;
  const wanted = configs.map(virtualAddresses);
  const all = wanted.flat();
  const [watched] = all;
  if (watched === undefined) throw new SceneError(`${files.join(' and ')}: no virtual address to move`);

  const lab = await NetLab.create('demo');
  const devices = [...new Set(all.map(({ device }) => device))];
  const switches = new Map(
    await Promise.all(devices.map(async (name) => [name, await lab.switch(name)] as const)),
  );
  const taken = new Set([...all.map(({ address }) => address), ...configs.flatMap(sourcesAndPeers)]);
  const ports = (index: number): PortOptions[] =>
    devices.flatMap((name) => {
      const lan = switches.get(name);
      if (lan === undefined) return [];
      const here = all.filter(({ device }) => device === name);
      const own = configs[index] === undefined ? [] : sources(configs[index], name);
      const addresses =
        own.length > 0 ? own.map((each) => withSubnetOf(each, here)) : freeAddresses(here, taken);
      return [{ switch: lan, name, addresses }];
    });
  const hosts = [await lab.host('ka1', ports(0)), await lab.host('ka2', ports(1))] as const;
  const client = await lab.host('client', ports(2));
  return {
    nodes: [
      { name: 'ka1', host: hosts[0], file: files[0], instance: instanceOf(configs[0], watched.address) },
      { name: 'ka2', host: hosts[1], file: files[1], instance: instanceOf(configs[1], watched.address) },
    ],
    client,
    address: watched.address,
    addresses: [...new Set(all.map(({ address }) => address))],
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

function instanceOf(config: Config, address: string): VrrpInstance | undefined {
  return config.vrrpInstance.find(({ virtualIpaddress }) =>
    virtualIpaddress.some((entry) => entry.address === address),
  );
}

function readConfig(file: string): Config {
  const { model, diagnostics } = parseConfig({ path: file }, { offline: true });
  if (model === undefined) throw new SceneError(diagnostics[0]?.message ?? `${file} cannot be read`);
  return model;
}

function virtualAddresses(config: Config): readonly Wanted[] {
  return config.vrrpInstance.flatMap((instance) =>
    instance.virtualIpaddress.map((entry) => ({
      device: entry.dev ?? deviceOf(instance),
      address: entry.address,
      prefixLength: entry.prefixLength,
      family: entry.family,
    })),
  );
}

function deviceOf(instance: VrrpInstance): string {
  return instance.interface?.text ?? 'eth0';
}

/** Addresses that the file says the node has on `device`. */
function sources(config: Config, device: string): readonly string[] {
  const here = config.vrrpInstance.filter((instance) => deviceOf(instance) === device);
  return [...new Set(here.flatMap(({ mcastSrcIp }) => (mcastSrcIp === undefined ? [] : [mcastSrcIp])))];
}

function sourcesAndPeers(config: Config): readonly string[] {
  return config.vrrpInstance.flatMap(({ mcastSrcIp, unicastPeer }) => [
    ...(mcastSrcIp === undefined ? [] : [mcastSrcIp]),
    ...unicastPeer.map(({ address }) => address),
  ]);
}

/** A source address needs the client and the virtual address in its subnet: /16 is wide enough for nearly every file. */
function withSubnetOf(address: string, here: readonly Wanted[]): string {
  if (address.includes(':')) return `${address}/64`;
  const narrowest = Math.min(16, ...here.filter(({ family }) => family === 4).map(subnetLength));
  return `${address}/${narrowest}`;
}

/** A host address in the subnet of each virtual address, not used by anybody yet. */
function freeAddresses(here: readonly Wanted[], taken: Set<string>): string[] {
  const subnets = new Map<string, string>();
  for (const each of here) {
    if (each.family === 6) subnets.set(each.address.replace(/:[0-9a-f]*$/i, ''), '64');
    else subnets.set(each.address.split('.').slice(0, 3).join('.'), String(subnetLength(each)));
  }
  return [...subnets].flatMap(([start, length]) => {
    const isV6 = length === '64' && start.includes(':');
    if (isV6 && start.startsWith('fe80')) return [];
    for (let host = 11; host < 250; host++) {
      const candidate = isV6 ? `${start}:${host.toString(16)}` : `${start}.${host}`;
      if (taken.has(candidate)) continue;
      taken.add(candidate);
      return [`${candidate}/${length}`];
    }
    return [];
  });
}

function subnetLength({ prefixLength }: Wanted): number {
  return prefixLength > 24 ? 24 : prefixLength;
}
