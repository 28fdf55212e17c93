/**
 * Would the firewall let adverts through? Follows one imagined advert through the base chains of the nftables ruleset (that of
 * iptables-nft too). What a rule matches that cannot be known beforehand makes the answer "perhaps".
 */
import type { Finding } from './finding.js';

/** An advert as the firewall sees it. */
export interface ImaginedAdvert {
  readonly family: 'ip' | 'ip6';
  readonly hook: 'input' | 'output';
  readonly interfaceName: string;
  readonly destination: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string | undefined;
  readonly policy: string;
  readonly rules: { readonly handle: number; readonly expressions: readonly JsonObject[] }[];
}

/** Drops of an advert: the rule or policy that does it; `isCertain` false when an earlier rule may have let it through. */
export interface Drop {
  readonly where: string;
  readonly isCertain: boolean;
  /** A command that lets adverts through before that. */
  readonly mend: string;
}

/** @param listing what `nft -j list ruleset` prints. */
export function firewallDrop(listing: string, advert: ImaginedAdvert): Drop | undefined {
  const chains = readChains(listing);
  const families = [advert.family, 'inet'];
  for (const base of chains) {
    if (base.hook !== advert.hook || !families.includes(base.family)) continue;
    const walk = new Walk(chains, advert);
    const verdict =
      walk.chain(base, 0) ?? (base.policy === 'drop' ? `policy drop of chain ${base.name}` : 'accept');
    if (verdict === 'accept') continue;
    const { family, table, name } = base;
    const protocol =
      family === 'inet' ? 'meta l4proto 112' : family === 'ip' ? 'ip protocol 112' : 'ip6 nexthdr 112';
    return {
      where: `${verdict} (table ${family} ${table})`,
      isCertain: !walk.isDoubtful,
      mend: `nft insert rule ${family} ${table} ${name} ${protocol} accept`,
    };
  }
  return undefined;
}

export function firewallFinding(advert: ImaginedAdvert, drop: Drop): Finding {
  const what =
    advert.hook === 'output' ? 'adverts of this machine do not leave' : "peers' adverts do not arrive";
  const surely = drop.isCertain ? '' : ', unless a rule before it lets them through';
  return {
    check: 'firewall',
    severity: drop.isCertain ? 'problem' : 'warning',
    message: `${advert.interfaceName}: ${what}: ${drop.where} drops protocol 112 on ${advert.hook}${surely}`,
    mend: drop.mend,
  };
}

/** One advert on its way. */
class Walk {
  readonly #chains: readonly Chain[];
  readonly #advert: ImaginedAdvert;
  isDoubtful = false;

  constructor(chains: readonly Chain[], advert: ImaginedAdvert) {
    this.#chains = chains;
    this.#advert = advert;
  }

  /** 'accept', or what drops it; undefined: the chain's end was reached. */
  chain(chain: Chain, depth: number): string | undefined {
    if (depth > 16) return undefined;
    for (const { handle, expressions } of chain.rules) {
      const matches = expressions.flatMap((each) =>
        isObject(each['match']) ? [this.#matches(each['match'])] : [],
      );
      if (matches.includes(false)) continue;
      // Limits, sets, marks, extensions of iptables: whether they match is not known.
      const isKnown =
        !matches.includes(undefined) && expressions.every((each) => Object.keys(each).every(isPlain));
      const verdict = this.#verdict(chain, handle, expressions, depth);
      if (verdict === undefined) continue;
      if (verdict === 'return') {
        if (isKnown) return undefined;
      } else if (isKnown) {
        return verdict;
      }
      if (verdict === 'accept') this.isDoubtful = true;
    }
    return undefined;
  }

  #verdict(
    chain: Chain,
    handle: number,
    expressions: readonly JsonObject[],
    depth: number,
  ): string | undefined {
    for (const each of expressions) {
      if ('accept' in each) return 'accept';
      if ('return' in each) return 'return';
      if ('drop' in each || 'reject' in each) return `rule ${handle} of chain ${chain.name}`;
      const jump = each['jump'] ?? each['goto'];
      if (!isObject(jump)) continue;
      const target = this.#chains.find(
        ({ family, table, name }) =>
          family === chain.family && table === chain.table && name === jump['target'],
      );
      const verdict = target === undefined ? undefined : this.chain(target, depth + 1);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  /** undefined: it cannot be known. */
  #matches({ op, left, right }: JsonObject): boolean | undefined {
    const is = this.#holds(left, right);
    if (is === undefined) return undefined;
    return op === '!=' ? !is : is;
  }

  #holds(left: unknown, right: unknown): boolean | undefined {
    const { family, hook, interfaceName, destination } = this.#advert;
    if (!isObject(left)) return undefined;
    const { meta, payload, ct } = left;
    if (isObject(meta)) {
      const direction = hook === 'input' ? 'iif' : 'oif';
      switch (meta['key']) {
        case 'l4proto':
          return isAmong(right, (each) => each === 'vrrp' || each === 112);
        case 'nfproto':
        case 'protocol':
          return isAmong(right, (each) => each === (family === 'ip' ? 'ipv4' : 'ipv6') || each === family);
        case direction:
        case `${direction}name`:
          return isAmong(right, (each) => typeof each === 'string' && isNamed(each, interfaceName));
        default:
          return undefined;
      }
    }
    if (isObject(payload)) {
      const { protocol, field } = payload;
      // A match on another protocol's header is no match.
      if (protocol !== 'ip' && protocol !== 'ip6') return typeof protocol === 'string' ? false : undefined;
      if (protocol !== family) return false;
      if (field === 'protocol' || field === 'nexthdr')
        return isAmong(right, (each) => each === 'vrrp' || each === 112);
      if (field === 'daddr') return isAmong(right, (each) => isInside(destination, each));
      return undefined;
    }
    // Each advert is a new connection, or an established one after the first: both must pass.
    if (isObject(ct) && ct['key'] === 'state') return isAmong(right, (each) => each === 'new');
    return undefined;
  }
}

/** Expressions that say nothing about whether a rule applies. */
function isPlain(key: string): boolean {
  return [
    'match',
    'accept',
    'drop',
    'reject',
    'return',
    'jump',
    'goto',
    'counter',
    'log',
    'comment',
  ].includes(key);
}

function isAmong(right: unknown, is: (each: unknown) => boolean | undefined): boolean | undefined {
  if (right === undefined) return undefined;
  const inner = isObject(right) && Array.isArray(right['set']) ? right['set'] : right;
  const results = (Array.isArray(inner) ? list(inner) : [inner]).map(is);
  return results.includes(true) ? true : results.includes(undefined) ? undefined : false;
}

function isNamed(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** Whether an IPv4 address is in `{ prefix: { addr, len } }` or is that very address; IPv6 prefixes cannot be told. */
function isInside(address: string, wanted: unknown): boolean | undefined {
  if (typeof wanted === 'string') return wanted.startsWith('@') ? undefined : wanted === address;
  const prefix = isObject(wanted) ? wanted['prefix'] : undefined;
  if (!isObject(prefix) || typeof prefix['addr'] !== 'string' || typeof prefix['len'] !== 'number')
    return undefined;
  const [mine, base] = [ipv4Number(address), ipv4Number(prefix['addr'])];
  if (mine === undefined || base === undefined) return undefined;
  const size = 2 ** (32 - prefix['len']);
  return Math.floor(mine / size) === Math.floor(base / size);
}

function ipv4Number(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some(Number.isNaN)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function readChains(listing: string): readonly Chain[] {
  const root: unknown = JSON.parse(listing);
  const items = isObject(root) ? list(root['nftables']) : [];
  const chains: Chain[] = [];
  for (const item of items) {
    if (!isObject(item)) continue;
    const { chain, rule } = item;
    if (isObject(chain)) {
      chains.push({
        family: text(chain['family']),
        table: text(chain['table']),
        name: text(chain['name']),
        hook: chain['hook'] === undefined ? undefined : text(chain['hook']),
        policy: text(chain['policy']),
        rules: [],
      });
    } else if (isObject(rule)) {
      const [family, table, name] = [text(rule['family']), text(rule['table']), text(rule['chain'])];
      const expressions = list(rule['expr']).filter(isObject);
      chains
        .find((each) => each.family === family && each.table === table && each.name === name)
        ?.rules.push({ handle: Number(rule['handle']), expressions });
    }
  }
  return chains;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
