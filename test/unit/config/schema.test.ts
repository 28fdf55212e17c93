/**
 * The keyword tables: complete, and honest about what has an effect.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { addressOptions } from '../../../lib/config/schema/addresses.js';
import type { AnyBlock, CompiledRow } from '../../../lib/config/schema/dsl.js';
import { root } from '../../../lib/config/schema/root.js';

const top = new URL('../../../../', import.meta.url);
const reference = new URL('../shared/reference/', top);

/** Blocks by the path that the reference uses: `vrrp_instance/authentication`. */
function blocks(): ReadonlyMap<string, AnyBlock> {
  const found = new Map<string, AnyBlock>([['root', root]]);
  const visit = (schema: AnyBlock, path: string): void => {
    for (const { keyword, row } of schema.byKeyword.values()) {
      if (row.reader.block === undefined) continue;
      const inner = path === '' ? keyword : `${path}/${keyword}`;
      found.set(inner, row.reader.block);
      visit(row.reader.block, inner);
    }
  };
  visit(root, '');
  return found;
}

interface Keyword {
  readonly block: string;
  readonly keyword: string;
}

function isKeyword(value: unknown): value is Keyword {
  return typeof value === 'object' && value !== null && 'block' in value && 'keyword' in value;
}

test(
  'every keyword of the reference is in a table',
  { skip: existsSync(reference) ? false : 'the reference is not here' },
  () => {
    const known = blocks();
    const missing: string[] = [];
    for (const file of ['keywords-vrrp.json', 'keywords-lvs.json']) {
      const list: unknown = JSON.parse(readFileSync(new URL(file, reference), 'utf8'));
      assert.ok(Array.isArray(list) && list.every(isKeyword));
      for (const { block, keyword } of list) {
        const schema = known.get(block);
        // Entries of lists are no keywords; their readers are tested with examples.
        if (schema === undefined || /^[(A-Z]+[)/-]/.test(keyword) || keyword === 'fwmark') continue;
        if (!schema.byKeyword.has(keyword) && keyword !== 'ADDRESS') missing.push(`${block} ${keyword}`);
      }
      const entries = list.filter(
        (item) => item.block === 'static_ipaddress' && !item.keyword.startsWith('('),
      );
      for (const { keyword } of entries) if (!(keyword in addressOptions)) missing.push(`address ${keyword}`);
    }
    assert.deepEqual(missing, []);
  },
);

/** Keywords whose effect is inside lib/config: they shape other values, and never reach another room by their own name. */
const resolvedHere = new Set(
  (
    'dynamic_interfaces default_interface random_seed include_check vrrp_mcast_group4 vrrp_mcast_group6 vrrp_garp_master_delay ' +
    'vrrp_garp_master_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_garp_lower_prio_delay ' +
    'vrrp_garp_lower_prio_repeat vrrp_down_timer_adverts vrrp_min_garp vrrp_lower_prio_no_advert ' +
    'vrrp_higher_prio_send_advert vrrp_version vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict ' +
    'vrrp_owner_ignore_adverts sync_group_tracking_weight unicast_fault_no_peer native_ipv6 no_virtual_ipaddress accept no_accept ' +
    'strict_mode nopreempt init_fail ip_family hashed flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback ' +
    'sorry_server_inhibit sorry_server_lvs_method host nftables_ipvs_start_fwmark iproute_usr_dir iproute_etc_dir'
  ).split(' '),
);

/** What these ask for is done always: nothing looks at them. */
const alwaysDone = new Set(['process_names']);

test('a keyword that is said to work is used by another room', () => {
  const text = sources(fileURLToPath(new URL('lib/', top)));
  const lies: string[] = [];
  const visited = new Set<AnyBlock>();
  const visit = (schema: AnyBlock): void => {
    if (visited.has(schema)) return;
    visited.add(schema);
    for (const compiled of schema.byKeyword.values()) {
      if (isIdle(compiled, text)) lies.push(`${schema.name} ${compiled.keyword}`);
      if (compiled.row.reader.block !== undefined) visit(compiled.row.reader.block);
    }
  };
  visit(root);
  assert.deepEqual(lies, []);
});

function isIdle({ keyword, field, row, alias }: CompiledRow, text: string): boolean {
  if (row.effect !== 'works' || alias !== undefined || row.reader.block !== undefined) return false;
  if (alwaysDone.has(keyword)) return false;
  return !resolvedHere.has(keyword) && !new RegExp(`\\b${field}\\b`).test(text);
}

/** All TypeScript of lib but the configuration room itself. */
function sources(directory: string): string {
  const texts: string[] = [];
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const isOwn = relative(directory, entry.parentPath).split(sep)[0] === 'config';
    if (!entry.isFile() || !entry.name.endsWith('.ts') || isOwn) continue;
    texts.push(readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'));
  }
  return texts.join('\n');
}

test('every row says what it is in words of its own', () => {
  for (const [path, schema] of blocks()) {
    for (const { keyword, row } of schema.byKeyword.values()) {
      assert.ok(row.help.length > 3, `${path} ${keyword} has no help`);
    }
  }
});
