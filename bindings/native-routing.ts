/** Routes and policy rules as the engine is told of them; numbers are those of rtnetlink. Undefined: not given. */

/** Light-weight tunnel of a route or next hop. */
export interface NativeEncap {
  readonly kind: 'ip' | 'ip6' | 'mpls' | 'ila';
  /** 64 bits, in decimal. */
  readonly id?: string | undefined;
  readonly dst?: string | undefined;
  readonly src?: string | undefined;
  readonly tos?: number | undefined;
  readonly ttl?: number | undefined;
  readonly flags?: number | undefined;
  /** mpls: outermost first. */
  readonly labels?: readonly { readonly label: number }[] | undefined;
  /** ila: 64 bits, in decimal. */
  readonly locator?: string | undefined;
}

export interface NativeNextHop {
  readonly via?: string | undefined;
  readonly dev?: string | undefined;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink?: boolean | undefined;
  /** None or one. */
  readonly encap?: readonly NativeEncap[] | undefined;
  readonly realms?: number | undefined;
}

/** A route as the kernel is to have it (ip route add ...). */
export interface NativeRoute {
  readonly family: 4 | 6;
  /** RTN_*. */
  readonly type: number;
  /** With prefix length; absent: the default route. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly src?: string | undefined;
  /** May be of the other family. */
  readonly via?: string | undefined;
  /** Interface name; it may appear later. */
  readonly dev?: string | undefined;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly metric?: number | undefined;
  readonly onlink?: boolean | undefined;
  /** None or one. */
  readonly encap?: readonly NativeEncap[] | undefined;
  readonly expiresS?: number | undefined;
  /** `id` is RTAX_*. */
  readonly metrics: readonly { readonly id: number; readonly value: number; readonly locked: boolean }[];
  readonly congestionControl?: string | undefined;
  readonly congestionControlLocked?: boolean | undefined;
  /** Realm from in the upper 16 bits, to in the lower. */
  readonly realms?: number | undefined;
  /** RFC 4191. */
  readonly preference?: number | undefined;
  readonly ttlPropagate?: boolean | undefined;
  readonly placement: 'add' | 'prepend' | 'append';
  readonly nextHops: readonly NativeNextHop[];
  /** Put back when somebody deletes it. */
  readonly tracked: boolean;
  /** For messages. */
  readonly text: string;
}

interface NativeRange {
  readonly first: number;
  readonly last: number;
}

/** A policy rule as the kernel is to have it (ip rule add ...). Ranges: none or one. */
export interface NativeRule {
  readonly family: 4 | 6;
  readonly not?: boolean | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly preference: number;
  readonly tos: number;
  readonly mark?: number | undefined;
  readonly markMask?: number | undefined;
  readonly iif?: string | undefined;
  readonly oif?: string | undefined;
  /** 64 bits, in decimal. */
  readonly tunnelId?: string | undefined;
  readonly users?: readonly NativeRange[] | undefined;
  readonly ipProtocol?: number | undefined;
  readonly sourcePorts?: readonly NativeRange[] | undefined;
  readonly destinationPorts?: readonly NativeRange[] | undefined;
  /** 0: not said. */
  readonly protocol: number;
  readonly realms?: number | undefined;
  readonly suppressPrefixLength?: number | undefined;
  readonly suppressGroup?: number | undefined;
  /** FR_ACT_*. */
  readonly action: number;
  /** 0: none. */
  readonly table: number;
  /** Preference that a goto leads to. */
  readonly target: number;
  readonly l3mdev?: boolean | undefined;
  readonly tracked: boolean;
  readonly text: string;
}
