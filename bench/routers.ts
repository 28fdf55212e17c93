/** The virtual routers that every subject runs, and how each subject is told of them. */

export interface Routers {
  readonly interfaces: readonly string[];
  /** Routers on each interface, VRIDs from 1 on. */
  readonly perInterface: number;
  readonly priority: number;
  readonly intervalMs: number;
  /** SCHED_RR priority of whoever sends adverts. */
  readonly realtime?: number;
  /** vrrp_scripts that run each second; each router tracks all. */
  readonly scripts?: { readonly count: number; readonly command: string };
  /** Real servers in the same file, which the VRRP process has no use for. */
  readonly realServers?: number;
}

/** One router on eth0. */
export const single: Routers = { interfaces: ['eth0'], perInterface: 1, priority: 200, intervalMs: 10 };

/** The interval of RFC 9568's Active_Down_Interval less the skew of 3 adverts: both in ns, for version 3. */
export function skewNs(routers: Routers): number {
  return ((256 - routers.priority) * routers.intervalMs * 1e6) / 256;
}

export function masterDownNs(routers: Routers): number {
  return 3 * routers.intervalMs * 1e6 + skewNs(routers);
}

/** The router's address, without prefix length; `key` as in Watch: '<interface>/<vrid>'. */
export function addressOf(routers: Routers, key: string): string {
  const [name = '', vrid = ''] = key.split('/');
  return `10.${100 + routers.interfaces.indexOf(name)}.${vrid}.1`;
}

/** A keepalived.conf. */
export function configuration(routers: Routers): string {
  const realtime =
    routers.realtime === undefined ? [] : [`  vrrp_rt_priority ${routers.realtime}`, '  vrrp_no_swap'];
  const instances = routers.interfaces.flatMap((name) =>
    Array.from({ length: routers.perInterface }, (_, i) => instance(routers, name, i + 1)),
  );
  const scripts = scriptNames(routers).map(
    (name) =>
      `vrrp_script ${name} {\n  script "${routers.scripts?.command ?? ''}"\n  interval 1\n  timeout 60\n}`,
  );
  return [
    'global_defs {',
    '  vrrp_version 3',
    ...realtime,
    ...(routers.scripts === undefined ? [] : ['  script_user root', '  enable_script_security']),
    '}',
    ...scripts,
    ...instances,
    ...virtualServers(routers.realServers ?? 0),
    '',
  ].join('\n');
}

function instance(routers: Routers, name: string, vrid: number): string {
  return `vrrp_instance ${name}_${vrid} {
  state ${routers.priority === 255 ? 'MASTER' : 'BACKUP'}
  interface ${name}
  virtual_router_id ${vrid}
  priority ${routers.priority}
  advert_int ${routers.intervalMs / 1000}
${tracked(routers)}  virtual_ipaddress {
    ${addressOf(routers, `${name}/${vrid}`)}/32
  }
}`;
}

function scriptNames({ scripts }: Routers): string[] {
  return Array.from({ length: scripts?.count ?? 0 }, (_, i) => `script_${i}`);
}

function tracked(routers: Routers): string {
  const names = scriptNames(routers);
  return names.length === 0 ? '' : `  track_script {\n    ${names.join('\n    ')}\n  }\n`;
}

function virtualServers(realServers: number): string[] {
  const perService = 500;
  return Array.from({ length: Math.ceil(realServers / perService) }, (_, service) => {
    const servers = Array.from({ length: perService }, (_, i) => {
      const address = `192.168.${service}.${(i % 250) + 1}`;
      return `  real_server ${address} ${8000 + Math.floor(i / 250)} {\n    weight 1\n    TCP_CHECK {\n      connect_timeout 3\n    }\n  }`;
    });
    const head = `virtual_server 10.99.${service}.1 80 {\n  delay_loop 6\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP`;
    return [head, ...servers, '}'].join('\n');
  });
}
