/** What the machine's own settings do to virtual addresses: capabilities, sysctls, programs that manage addresses. */
import type { Finding, Patient } from './finding.js';
import { interfacesOf } from './finding.js';

/** Numbers of linux/capability.h. */
const capabilityNumbers = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_IPC_LOCK: 14, CAP_SYS_NICE: 23 } as const;
type Capability = keyof typeof capabilityNumbers;

/** Those that the configuration needs and this process lacks. */
export function missingCapabilities({ config, read }: Patient): readonly Finding[] {
  const status = read('/proc/self/status') ?? '';
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1];
  if (effective === undefined) return [];
  const isRoot = /^Uid:\s*0\s/m.test(status);
  const held = BigInt(`0x${effective}`);
  const { vrrpRtPriority, vrrpPriority, vrrpNoSwap } = config.globalDefs;
  const wanted: readonly (readonly [Capability, string, Finding['severity']])[] = [
    ['CAP_NET_RAW', 'adverts cannot be sent', 'problem'],
    ['CAP_NET_ADMIN', 'addresses cannot be moved', 'problem'],
    ...(vrrpRtPriority !== 0 || vrrpPriority !== 0
      ? [['CAP_SYS_NICE', 'vrrp_rt_priority and vrrp_priority have no effect', 'warning'] as const]
      : []),
    ...(vrrpNoSwap ? [['CAP_IPC_LOCK', 'vrrp_no_swap has no effect', 'warning'] as const] : []),
  ];
  return wanted.flatMap(([name, effect, severity]) => {
    if ((held >> BigInt(capabilityNumbers[name])) & 1n) return [];
    const message = `${name} is missing here: ${effect}`;
    return [
      {
        check: 'capabilities' as const,
        severity,
        message,
        mend: isRoot ? grant(name, read) : 'sudo ka-node doctor',
      },
    ];
  });
}

/** Root without a capability is in a unit that withholds it, or in a container. */
function grant(name: Capability, read: Patient['read']): string {
  const unit = /\/([^/\n]+\.service)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1];
  if (unit === undefined) return `docker run --cap-add ${name.replace('CAP_', '')} ...`;
  const folder = `/etc/systemd/system/${unit}.d`;
  const lines = `[Service]\\nCapabilityBoundingSet=${name}\\n`;
  return `mkdir -p ${folder} && printf '${lines}' >>${folder}/capabilities.conf && systemctl daemon-reload && systemctl restart ${unit}`;
}

/** Sysctls under which a virtual address is not answered for, or adverts are dropped. */
export function sysctlFindings({ config, read }: Patient): readonly Finding[] {
  const value = (name: string, device: string): number =>
    Number(read(`/proc/sys/net/ipv4/conf/${device}/${name}`)?.trim() ?? 0);
  // The kernel takes the larger of the interface's and "all".
  const effective = (name: string, device: string): { readonly is: number; readonly at: string } => {
    const [own, all] = [value(name, device), value(name, 'all')];
    return own >= all ? { is: own, at: device } : { is: all, at: 'all' };
  };
  const findings: Finding[] = [];
  for (const device of interfacesOf(config)) {
    const filter = effective('rp_filter', device);
    if (filter.is === 1)
      findings.push({
        check: 'rp_filter',
        severity: 'warning',
        message: `${device}: rp_filter is strict: packets, adverts of peers too, whose way back leads over another interface are dropped silently`,
        mend: `sysctl -w net.ipv4.conf.${filter.at}.rp_filter=2`,
      });
    const ignore = effective('arp_ignore', device);
    const reason = arpReason(ignore.is, device, config);
    if (reason !== undefined)
      findings.push({
        check: 'arp_ignore',
        severity: 'problem',
        message: `${device}: arp_ignore is ${ignore.is}: ${reason}`,
        mend: `sysctl -w net.ipv4.conf.${ignore.at}.arp_ignore=0`,
      });
  }
  return findings;
}

function arpReason(value: number, device: string, config: Patient['config']): string | undefined {
  if (value === 8) return 'nobody who asks for a virtual address is answered';
  if (value === 0) return undefined;
  const instances = config.vrrpInstance.filter((each) => each.interface?.text === device);
  const addresses = instances.flatMap((each) => each.virtualIpaddress.filter(({ family }) => family === 4));
  const elsewhere = addresses.find(({ dev }) => dev !== undefined && dev !== device);
  if (elsewhere !== undefined)
    return `who asks for ${elsewhere.address}, which is on ${elsewhere.dev ?? ''}, is not answered here`;
  const alone = addresses.find(({ prefixLength }) => prefixLength === 32);
  if (value === 2 && alone !== undefined)
    return `who asks for ${alone.address}/32 is not in its subnet, and is not answered`;
  return undefined;
}

/** systemd-networkd and NetworkManager, where they manage an interface and would delete what others put there. */
export function managerFindings({ config, read }: Patient): readonly Finding[] {
  return interfacesOf(config).flatMap((device) => {
    const index = read(`/sys/class/net/${device}/ifindex`)?.trim();
    if (index === undefined) return [];
    return [...networkd(device, index, read), ...networkManager(device, index, read)];
  });
}

function networkd(device: string, index: string, read: Patient['read']): readonly Finding[] {
  const file = /^NETWORK_FILE=(.+)$/m.exec(read(`/run/systemd/netif/links/${index}`) ?? '')?.[1];
  if (file === undefined) return [];
  const name = file.split('/').at(-1) ?? '';
  const folder = `/etc/systemd/network/${name}.d`;
  const written = [read(file), read(`${folder}/ka-node.conf`)].map(
    (each) => /^KeepConfiguration=(.+)$/m.exec(each ?? '')?.[1],
  );
  const keeps = written.at(1) ?? written.at(0);
  if (keeps === 'yes' || keeps === 'static' || keeps === 'true') return [];
  return [
    {
      check: 'address-managers',
      severity: 'problem',
      message: `${device}: systemd-networkd manages it (${file}) and deletes addresses that are not its own when it configures the interface anew (networkctl reconfigure, or a reload when a file has changed)`,
      mend: `mkdir -p ${folder} && printf '[Network]\\nKeepConfiguration=yes\\n' >${folder}/ka-node.conf && networkctl reload`,
    },
  ];
}

function networkManager(device: string, index: string, read: Patient['read']): readonly Finding[] {
  if (!/^managed=true$/m.test(read(`/run/NetworkManager/devices/${index}`) ?? '')) return [];
  return [
    {
      check: 'address-managers',
      severity: 'warning',
      message: `${device}: NetworkManager manages it and deletes virtual addresses when it activates the connection again (unmanaged, it keeps what it has; from the next boot on its own addresses have to come from elsewhere)`,
      // Told of the file alone, NetworkManager 1.42 takes the interface down, with all its addresses.
      mend: `nmcli device set ${device} managed no && printf '[keyfile]\\nunmanaged-devices+=interface-name:${device}\\n' >/etc/NetworkManager/conf.d/90-ka-node-${device}.conf && nmcli general reload`,
    },
  ];
}
