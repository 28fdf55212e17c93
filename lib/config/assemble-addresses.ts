/**
 * What a vrrp_instance draws from its addresses: the family, whether it is unicast, and the addresses of its adverts.
 */
import type { Family } from '../units.js';
import { parseAddress } from './address.js';
import { keywordAt } from './assemble-tracked.js';
import type { Diagnostics } from './diagnostic.js';
import { wordsOfLines } from './causes.js';
import { messages } from './messages.js';
import type { AddressEntry } from './model-routes.js';
import type { UnicastPeer } from './model-vrrp.js';
import type { Context } from './schema/dsl.js';
import type { RawInstance, Derived } from './assemble-vrrp.js';

/** The largest number of addresses in an advert: the count field, and an MTU of 1500. */
const maxAddresses = { 4: 255, 6: 90 } as const;

/** The first address-like keyword decides. */
export function familyOf(section: RawInstance): Family {
  for (const item of section.statement.body?.items ?? []) {
    switch (item.words[0]) {
      case 'native_ipv6':
        return 6;
      case 'mcast_src_ip':
      case 'unicast_src_ip':
      case 'mcast_dst_ip': {
        const family = parseAddress((item.words[1] ?? '').split('/')[0] ?? '')?.family;
        if (family !== undefined) return family;
        break;
      }
      case 'unicast_peer':
      case 'virtual_ipaddress':
        for (const entry of item.body?.items ?? []) {
          const family = parseAddress((entry.words[0] ?? '').split('/')[0] ?? '')?.family;
          if (family !== undefined) return family;
        }
        break;
      default:
        break;
    }
  }
  return section.fields.useIpvlan?.address?.family ?? 4;
}

export function usablePeers(section: RawInstance, context: Context): readonly UnicastPeer[] {
  const family = familyOf(section);
  return section.fields.unicastPeer.filter((peer) => {
    if (peer.family === family) return true;
    context.diagnostics.report(messages.familyMismatch, peer.at, peer.address, String(family));
    return false;
  });
}

const unicastKeywords = [
  'unicast_peer',
  'unicast_src_ip',
  'unicast_fault_no_peer',
  'check_unicast_src',
  'old_unicast_checksum',
];

function unicastKeyword(section: RawInstance): string | undefined {
  const used = section.statement.body?.items.find((item) => unicastKeywords.includes(item.words[0] ?? ''));
  return used?.words[0];
}

export function xmitBase(section: RawInstance, peers: readonly UnicastPeer[], context: Context): boolean {
  const { fields } = section;
  const isVirtual = fields.useVmac !== undefined || fields.useIpvlan !== undefined;
  if (!isVirtual && fields.vmacXmitBase) {
    const at = keywordAt(section, 'vmac_xmit_base');
    context.diagnostics.report(messages.badValue, at, 'vmac_xmit_base needs use_vmac; it is ignored');
    return false;
  }
  if (!isVirtual || fields.vmacXmitBase) return fields.vmacXmitBase;
  if (peers.length === 0 && unicastKeyword(section) === undefined) return false;
  context.diagnostics.report(messages.xmitBaseSet, keywordAt(section, 'use_vmac'));
  return true;
}

export function unicastRules(section: RawInstance, isUnicast: boolean, context: Context): void {
  const { fields, name } = section;
  const keyword = unicastKeyword(section);
  if (isUnicast) {
    if (fields.mcastDstIp !== undefined) {
      context.diagnostics.report(
        messages.badValue,
        fields.mcastDstIp.at,
        'mcast_dst_ip means nothing to a unicast instance',
      );
    }
    return;
  }
  if (keyword !== undefined && !fields.unicastFaultNoPeer) {
    const at = keywordAt(section, keyword);
    const causes = [at, ...wordsOfLines(section.statement, 'unicast_peer')];
    context.diagnostics.reportOrAdd(messages.unicastWithoutPeers, causes, at, name);
  }
  if (fields.unicastTtl !== undefined) {
    context.diagnostics.report(
      messages.badValue,
      fields.unicastTtl.at,
      'unicast_ttl means nothing without unicast_peer',
    );
  }
}

/** native_ipv6 does not turn an instance with IPv4 addresses. */
export function isNative(section: RawInstance, family: Family, context: Context): boolean {
  const { nativeIpv6 } = section.fields;
  if (!nativeIpv6 || family === 6) return nativeIpv6;
  const at = keywordAt(section, 'native_ipv6');
  context.diagnostics.report(messages.badValue, at, 'native_ipv6 together with IPv4 addresses is ignored');
  return false;
}

/** The addresses of the advert, and those that do not fit in it. */
export function vips(
  section: RawInstance,
  derived: Derived,
  context: Context,
): readonly [readonly AddressEntry[], readonly AddressEntry[]] {
  const { fields } = section;
  const { diagnostics } = context;
  const { family } = derived;
  const fitting = fields.virtualIpaddress.filter((entry) => {
    if (entry.family === family) return true;
    diagnostics.isLate = false;
    diagnostics.report(messages.familyMismatch, entry.at, entry.address, String(family));
    diagnostics.isLate = true;
    return false;
  });
  if (fitting.length === 0 && !fields.noVirtualIpaddress) withoutVip(section, derived, diagnostics);
  const limit = maxAddresses[family];
  const own = fitting.map((entry) => onOneVmac(entry, section, diagnostics));
  const over = fitting[limit];
  if (over === undefined) return [own, []];
  diagnostics.report(messages.vipCount, over.at, String(fitting.length), String(limit));
  return [own.slice(0, limit), own.slice(limit)];
}

/** keepalived: use_vmac of an address on the interface of an instance that has use_vmac itself is complained of, and means nothing. */
export function onOneVmac(entry: AddressEntry, section: RawInstance, diagnostics: Diagnostics): AddressEntry {
  const { useVmac, interface: device } = section.fields;
  if (!entry.useVmac || useVmac === undefined || (entry.dev ?? device?.text) !== device?.text) return entry;
  diagnostics.report(messages.vmacTwice, entry.at, entry.address);
  return { ...entry, useVmac: false };
}

/** Where every address of the list was refused, the refusal of the last one tells it. */
function withoutVip(section: RawInstance, derived: Derived, diagnostics: Diagnostics): void {
  const { name, at } = section;
  const why = derived.isStrict ? 'strict mode' : derived.version === 3 ? 'version 3' : undefined;
  const refused = wordsOfLines(section.statement, 'virtual_ipaddress');
  if (why === undefined) {
    diagnostics.reportOrAdd(messages.noVip, refused, at, name);
  } else {
    diagnostics.reportOrAdd(messages.noVipFatal, refused, at, name, why);
  }
}
