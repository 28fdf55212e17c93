/** Large configurations of the two kinds that occur: many virtual servers, many virtual routers. */

/** `count` virtual servers of four real servers each, with a check of the port. */
export function virtualServers(count: number): string {
  const servers = Array.from({ length: count }, (_, i) => {
    const real = Array.from({ length: 4 }, (__, j) => realServer(4 * i + j));
    return `virtual_server 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} 80 {
    delay_loop 6
    lb_algo rr
    lb_kind NAT
    protocol TCP

${real.join('\n')}
}
`;
  });
  return [head, ...servers].join('\n');
}

function realServer(number: number): string {
  return `    real_server 192.168.${(number >> 8) & 255}.${number & 255} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
        }
    }`;
}

/** `count` virtual routers of version 3 on `link`: unicast, so that there may be more than 255. */
export function virtualRouters(count: number, link: string): string {
  const routers = Array.from(
    { length: count },
    (_, i) => `vrrp_instance VI_${i} {
    state BACKUP
    interface ${link}
    virtual_router_id ${(i % 255) + 1}
    priority 100
    advert_int 1
    unicast_peer {
        10.8.${i >> 8}.${i & 255}
    }
    virtual_ipaddress {
        10.9.${i >> 8}.${i & 255}/32
    }
}
`,
  );
  return [head, ...routers].join('\n');
}

const head = `global_defs {
    router_id bench
    vrrp_version 3
}
`;
