/** Refused IPVS commands in keepalived's words, for the log. */
import type { IpvsCommand, IpvsRefusal, IpvsServiceKey } from '../../bindings/ipvs-types.js';

/** Names and numbers of the socket options that the commands once were. */
const names: Readonly<Record<IpvsCommand['kind'], string>> = {
  'add-service': 'IP_VS_SO_SET_ADD(1154)',
  'set-service': 'IP_VS_SO_SET_EDIT(1155)',
  'delete-service': 'IP_VS_SO_SET_DEL(1156)',
  flush: 'IP_VS_SO_SET_FLUSH(1157)',
  'add-destination': 'IP_VS_SO_SET_ADDDEST(1159)',
  'delete-destination': 'IP_VS_SO_SET_DELDEST(1160)',
  'set-destination': 'IP_VS_SO_SET_EDITDEST(1161)',
  'set-timeouts': 'IP_VS_SO_SET_TIMEOUT(1162)',
  'start-daemon': 'IP_VS_SO_SET_STARTDAEMON(1163)',
  'stop-daemon': 'IP_VS_SO_SET_STOPDAEMON(1164)',
  zero: 'IP_VS_SO_SET_ZERO(1167)',
};

/** What an errno means for one command. */
const special: Readonly<Record<string, string>> = {
  'add-service EEXIST': 'Service already exists',
  'add-service ENOENT': 'Scheduler or persistence engine not found',
  'set-service ENOENT': 'Scheduler or persistence engine not found',
  'add-destination EEXIST': 'Destination already exists',
  'set-destination ENOENT': 'No such destination',
  'delete-destination ENOENT': 'No such destination',
  'start-daemon EEXIST': 'Daemon has already run',
  'stop-daemon ESRCH': 'No daemon is running',
};

/** What it means for all the others. */
const general: Readonly<Record<string, string>> = {
  ESRCH: 'No such service',
  EPERM: 'Permission denied (you must be root)',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
};

/** `IPVS cmd NAME(NUM) error: TEXT(ERRNO) (SERVICE -> ADDR:PORT)`. */
export function refusalText({ command, errno, code, message }: IpvsRefusal): string {
  const text = special[`${command.kind} ${code}`] ?? general[code] ?? (message === '' ? code : message);
  const about = subject(command);
  return `IPVS cmd ${names[command.kind]} error: ${text}(${errno})${about === '' ? '' : ` (${about})`}`;
}

/** True for refusals that leave the table as it was wanted: what is to be added is there, what is to go is gone. */
export function isHarmless({ command, code }: IpvsRefusal): boolean {
  return (
    (command.kind.startsWith('add-') && code === 'EEXIST') ||
    (command.kind === 'delete-destination' && (code === 'ENOENT' || code === 'ESRCH')) ||
    (command.kind === 'delete-service' && code === 'ESRCH')
  );
}

function subject(command: IpvsCommand): string {
  switch (command.kind) {
    case 'add-service':
    case 'set-service':
      return service(command.service.key);
    case 'delete-service':
      return service(command.service);
    case 'add-destination':
    case 'set-destination':
    case 'delete-destination': {
      const { address, port } = command.destination;
      return `${service(command.service)} -> ${address}:${port}`;
    }
    case 'start-daemon':
    case 'stop-daemon':
    case 'set-timeouts':
    case 'zero':
    case 'flush':
      return '';
  }
}

function service(key: IpvsServiceKey): string {
  if (key.kind === 'fwmark') return key.family === 6 ? `Fwm ${key.fwmark} inet6` : `Fwm ${key.fwmark}`;
  return `${key.address}:${key.protocol.toLowerCase()}:${key.port}`;
}
