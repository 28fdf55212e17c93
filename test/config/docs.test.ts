/** The generated pages are those of the keyword tables, and the tables tell the truth about what acts on a keyword. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { preProcessFile } from 'typescript';
import { allMessages, adviceOf } from '../../lib/config/reference/advice.js';
import { blocks } from '../../lib/config/reference/catalogue.js';
import { directives, entryOptions } from '../../lib/config/schema/entry-options.js';
import { pages } from './pages.js';

const project = new URL('../../../', import.meta.url);

for (const [path, text] of Object.entries(pages())) {
  test(`${path} is as the tables say (npm run docs writes it)`, () => {
    assert.equal(readFileSync(new URL(path, project), 'utf8'), text);
  });
}

test('every diagnostic has a meaning and a repair', () => {
  const bare = allMessages().filter(({ code }) => (adviceOf(code)?.[1] ?? '') === '');
  assert.deepEqual(bare, []);
});

/** Keywords whose whole effect is in how the configuration is read; the model that results is acted on. */
const actsWhileReading = new Set([
  ...['track_group', 'accept', 'strict_mode', 'nopreempt', 'native_ipv6', 'no_virtual_ipaddress'],
  ...['sync_group_tracking_weight', 'delay', 'ip_family', 'no_accept'],
  ...[
    'dynamic_interfaces',
    'default_interface',
    'random_seed',
    'include_check',
    'vrrp_version',
    'vrrp_strict',
  ],
  ...['vrrp_mcast_group4', 'vrrp_mcast_group6', 'vrrp_min_garp', 'vrrp_down_timer_adverts'],
  ...['vrrp_garp_master_delay', 'vrrp_garp_master_repeat', 'vrrp_garp_master_refresh'],
  ...['vrrp_garp_master_refresh_repeat', 'vrrp_garp_lower_prio_delay', 'vrrp_garp_lower_prio_repeat'],
  'vrrp_garp_extra_if',
  ...['vrrp_lower_prio_no_advert', 'vrrp_higher_prio_send_advert', 'vrrp_check_unicast_src'],
  ...['vrrp_skip_check_adv_addr', 'vrrp_owner_ignore_adverts', 'smtp_alert', 'smtp_alert_vrrp'],
  ...['smtp_alert_checker', 'checker_log_all_failures', 'flag-1', 'flag-2', 'flag-3', 'sh-port'],
  ...['sh-fallback', 'mh-port', 'mh-fallback', 'sorry_server_inhibit', 'sorry_server_lvs_method'],
  ...['vrrp_notify_priority_changes', 'nftables_ipvs_start_fwmark', 'vrrp_garp_extra_if'],
  ...['iproute_usr_dir', 'iproute_etc_dir'],
]);

/** So with the keyword and without it. */
const alwaysSo = new Set(['process_names', 'reload_check_config']);

/** They shape the files that are dumped, whose writers read every keyword and so are no witnesses. */
const shapesDumps = new Set([
  ...['data_use_instance', 'json_version', 'state_dump_file', 'stats_dump_file', 'json_dump_file'],
]);

test('what is said to work is read by code that the daemon runs', () => {
  const text = daemonText();
  const idle = blocks().flatMap(({ name, keywords }) =>
    keywords
      .filter(
        ({ alias, effect, row }) =>
          alias === undefined && effect === 'works' && row.reader.block === undefined,
      )
      .filter(
        ({ keyword, field }) =>
          !actsWhileReading.has(keyword) &&
          !alwaysSo.has(keyword) &&
          !shapesDumps.has(keyword) &&
          !isRead(text, field),
      )
      .map(({ keyword }) => `${name} ${keyword}`),
  );
  assert.deepEqual(idle, [], 'no effect: mark them as parsed in lib/config/schema');
});

/** Fields of that name are read, but those of something else. */
const namesakes = new Set([
  ...['umask', 'debug', 'key', 'mode', 'group', 'vrrp', 'checker', 'weight', 'ttl', 'passive', 'useVmac'],
  ...['multiplier', 'instance', 'vrf', 'linkbeatUsePolling', 'defaultInterface', 'processName'],
  // Words of mails, pipes and checkers, which are loaded for VRRP too.
  ...['virtualServer', 'realServer', 'host', 'url', 'path', 'type', 'name', 'heloName'],
  ...['lvsNotifyFifo', 'lvsNotifyFifoScript'],
]);

test('what is said to have no effect is not read by code that the daemon runs', () => {
  const text = daemonText();
  const all = blocks().flatMap(({ name, keywords }) => keywords.map((item) => ({ name, ...item })));
  const working = new Set(all.filter(({ effect }) => effect === 'works').map(({ field }) => field));
  const read = all
    .filter(({ alias, effect }) => alias === undefined && effect === 'parsed')
    .filter(({ field }) => !namesakes.has(field) && !working.has(field) && isRead(text, field))
    .map(({ name, keyword }) => `${name} ${keyword}`);
  assert.deepEqual(
    read,
    [],
    'they are read: mark them as works in lib/config/schema, or name them as namesakes here',
  );
});

test('virtual servers work exactly when the daemon runs the balancer', () => {
  const [top] = blocks();
  const { effect } = top?.keywords.find(({ keyword }) => keyword === 'virtual_server') ?? {};
  assert.equal(effect, daemonText().includes('new Balancer(') ? 'works' : 'parsed');
});

test(
  'every keyword of the reference is known',
  { skip: existsSync(reference('vrrp')) ? false : 'no reference here' },
  () => {
    const known = new Set([
      ...blocks().flatMap(({ keywords }) => keywords.map(({ keyword }) => keyword)),
      ...Object.keys(directives),
      ...Object.values(entryOptions).flatMap((table) => Object.keys(table)),
    ]);
    const missing = ['vrrp', 'lvs'].flatMap((part) => {
      const rows: unknown = JSON.parse(readFileSync(reference(part), 'utf8'));
      assert.ok(Array.isArray(rows));
      return rows.flatMap((row: unknown) => {
        assert.ok(
          typeof row === 'object' && row !== null && 'keyword' in row && typeof row.keyword === 'string',
        );
        const { keyword } = row;
        // Entries of lists are described in brackets or capitals; their options are in the tables.
        return known.has(keyword) || /^\(|^ADDRESS/.test(keyword) ? [] : [keyword];
      });
    });
    assert.deepEqual(missing, []);
  },
);

function reference(part: string): URL {
  return new URL(`../shared/reference/keywords-${part}.json`, project);
}

function isRead(text: string, field: string): boolean {
  return new RegExp(`(\\.|[{,]\\s*)${field}\\b`).test(text);
}

/** Everything outside of lib/config that the daemon loads, as one text. */
function daemonText(): string {
  const seen = new Map<string, string>();
  const visit = (path: string): void => {
    // The dumps show everything that was read: that is no effect.
    if (seen.has(path) || path.includes('/lib/config/') || path.includes('/lib/daemon/dump')) return;
    const text = readFileSync(path, 'utf8');
    seen.set(path, text);
    for (const { fileName } of preProcessFile(text, true, true).importedFiles) {
      if (fileName.startsWith('.')) visit(resolve(dirname(path), fileName.replace(/\.js$/, '.ts')));
    }
  };
  for (const entry of ['run', 'child']) visit(fileURLToPath(new URL(`lib/daemon/${entry}.ts`, project)));
  return [...seen.values()].join('\n');
}
