/**
 * The configurations that people start with: they must load with the meaning they have, whatever their spelling.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig, type ParseResult } from '../../lib/config/load.js';
import { textOf } from '../../lib/config/source.js';
import { fakeFiles, fakeMachine } from './machine.js';

function load(text: string, files: Parameters<typeof fakeFiles>[0] = {}): ParseResult {
  const access = fakeFiles({ '/etc/keepalived/keepalived.conf': text, ...files });
  return parseConfig({ path: '/etc/keepalived/keepalived.conf' }, { machine: fakeMachine(), files: access });
}

/** What is more than a remark. */
function complaints(diagnostics: ParseResult['diagnostics']): ParseResult['diagnostics'] {
  return diagnostics.filter((item) => item.severity !== 'info');
}

const masterBackup = `global_defs {
    router_id KA1   # 每台机器的名字
    vrrp_skip_check_adv_addr
    vrrp_garp_interval 0
    vrrp_gna_interval 0
    vrrp_mcast_group4 226.6.6.6
}
vrrp_instance WEB {
    state MASTER            # 主节点
    interface eth0
    virtual_router_id 6
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 666
    }
    virtual_ipaddress {
        10.0.0.100/24 dev eth0 lable eth0:0    # 虚拟地址
    }
}
`;

test('a master/backup file with Chinese comments and a misspelt label starts, and says so at the word', () => {
  const { model, diagnostics } = load(masterBackup);
  const [instance] = model?.vrrpInstance ?? [];
  assert.equal(model?.globalDefs.routerId, 'KA1');
  assert.equal(model.globalDefs.vrrpMcastGroup4, '226.6.6.6');
  assert.ok(instance !== undefined);
  assert.equal(instance.mcastDstIp, '226.6.6.6');
  assert.equal(instance.skipCheckAdvAddr, true);
  assert.deepEqual(
    [
      instance.state,
      instance.virtualRouterId,
      instance.priority,
      instance.advertInt,
      instance.version,
      instance.family,
    ],
    ['MASTER', 6, 100, 1_000_000, 2, 4],
  );
  assert.deepEqual([instance.authentication?.authType, instance.authentication?.authPass], ['PASS', '666']);
  assert.deepEqual(
    instance.virtualIpaddress.map((item) => [item.address, item.prefixLength, item.dev]),
    [['10.0.0.100', 24, 'eth0']],
  );
  const misspelt = diagnostics.filter((item) => item.severity !== 'info' && item.code !== 'KA2118');
  assert.deepEqual(
    misspelt.map((item) => [item.code, item.severity, textOf(item.span), item.hint]),
    [['KA3012', 'warning', 'lable', "did you mean 'label'?"]],
  );
  assert.ok(diagnostics.every((item) => !item.isFatal));
});

test('a file that lacks its last closing brace starts, and the warning names the block and where it began', () => {
  const text = `vrrp_instance WEB {
    state BACKUP
    interface eth0
    virtual_router_id 6
    priority 80
    unicast_src_ip 10.0.0.28
    unicast_peer {
        10.0.0.18
    }
    virtual_ipaddress {
        10.0.0.100/24 dev eth0 label eth0:0
    }
`;
  const { model, diagnostics } = load(text);
  const [instance] = model?.vrrpInstance ?? [];
  assert.equal(instance?.isUnicast, true);
  assert.equal(instance.mcastSrcIp, '10.0.0.28');
  assert.deepEqual(
    instance.unicastPeer.map((peer) => peer.address),
    ['10.0.0.18'],
  );
  assert.equal(instance.virtualIpaddress[0]?.label, 'eth0:0');
  const [open, ...others] = diagnostics.filter((item) => item.severity !== 'info');
  assert.deepEqual(others, []);
  assert.deepEqual([open?.code, open?.severity, open?.isFatal], ['KA2003', 'warning', false]);
  assert.match(open?.message ?? '', /vrrp_instance WEB/);
  assert.deepEqual(
    open?.related.map((item) => item.span.source.position(item.span.start)),
    [{ line: 1, column: 1 }],
  );
});

test('include with a pattern reads the files in order, relative and absolute', () => {
  const instance = (name: string, vrid: number): string =>
    `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${String(vrid)}\n virtual_ipaddress {\n 10.0.${String(vrid)}.1/24 dev eth0 label eth0:0\n }\n}\n`;
  const files = {
    '/etc/keepalived/conf.d/web2.conf': instance('WEB2', 88),
    '/etc/keepalived/conf.d/web1.conf': instance('WEB1', 66),
    '/etc/keepalived/conf.d/readme.txt': 'not configuration {',
  };
  for (const include of ['include /etc/keepalived/conf.d/*.conf', 'include conf.d/*.conf']) {
    const { model, diagnostics } = load(`global_defs {\n router_id KA1\n}\n${include}\n`, files);
    assert.deepEqual(
      model?.vrrpInstance.map((item) => [item.name, item.virtualRouterId]),
      [
        ['WEB1', 66],
        ['WEB2', 88],
      ],
    );
    assert.deepEqual(complaints(diagnostics), []);
  }
});

test('a tracked script with a weight and notify scripts with arguments are read as commands', () => {
  const text = `global_defs {
    script_user root
    enable_script_security
}
vrrp_script check_haproxy {
    script "/usr/bin/true -x 'a b'"
    interval 2
    weight -20
}
vrrp_instance WEB {
    interface eth0
    virtual_router_id 6
    priority 100
    virtual_ipaddress {
        10.0.0.100/24
    }
    track_script {
        check_haproxy
    }
    notify_master "/usr/bin/true master"
}
`;
  const { model, diagnostics } = load(text);
  assert.deepEqual(complaints(diagnostics), []);
  const [script] = model?.vrrpScript ?? [];
  assert.deepEqual(script?.script.argv, ['/usr/bin/true', '-x', 'a b']);
  assert.deepEqual([script?.interval, script?.timeout, script?.weight], [2_000_000, 2_000_000, -20]);
  const [instance] = model?.vrrpInstance ?? [];
  assert.deepEqual(
    instance?.trackScript.map((item) => [item.name, item.weight, item.reverse]),
    [['check_haproxy', -20, false]],
  );
  assert.deepEqual(instance?.notifyMaster?.argv, ['/usr/bin/true', 'master']);
});

test('inheritance: virtual server to real server to checker', () => {
  const text = `virtual_server 192.0.2.1 443 {
    delay_loop 6
    lb_algo rr
    lb_kind DR
    protocol TCP
    retry 4
    real_server 10.0.0.1 443 {
        weight 3
        SSL_GET {
            url {
                path /
                status_code 200 301-302
            }
            connect_timeout 2
            delay_before_retry 7
        }
        TCP_CHECK {
            connect_port 8443
        }
    }
}
`;
  const { model } = load(text);
  const [server] = model?.virtualServer ?? [];
  const [real] = server?.realServer ?? [];
  const [ssl, tcp] = real?.checkers ?? [];
  assert.deepEqual([server?.lvsSched, server?.lvsMethod.method, real?.lvsMethod.method], ['rr', 'DR', 'DR']);
  assert.ok(ssl?.kind === 'SSL_GET' && tcp?.kind === 'TCP_CHECK');
  assert.deepEqual(ssl.url[0]?.statusCode, [
    { first: 200, last: 200 },
    { first: 301, last: 302 },
  ]);
  assert.deepEqual([ssl.retry, ssl.delayLoop, ssl.delayBeforeRetry, ssl.connectTimeout], [4, 6e6, 7e6, 2e6]);
  assert.deepEqual(
    [tcp.retry, tcp.delayBeforeRetry, tcp.connectTimeout, tcp.connectIp, tcp.connectPort],
    [4, 1e6, 5e6, '10.0.0.1', 8443],
  );
});
