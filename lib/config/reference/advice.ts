/** For each diagnostic what it means and how it is mended: the pages of `docs/diagnostics.md` and of `ka-node explain`. */
import { lintMessages } from '../lint/messages.js';
import { messages, type Message } from '../messages.js';

/** What it means, and what to do. */
export type Advice = readonly [means: string, repair: string];

export const advice: Readonly<Record<keyof typeof messages, Advice>> = {
  fileMissing: [
    'The file that was named is not there, or is no file.',
    'Correct the path. Its folders must be open to the user that runs ka-node.',
  ],
  severalMainFiles: [
    'The path is a pattern that matches several files.',
    'Name one file and include the others from it.',
  ],
  byteOrderMark: [
    'The first three bytes are a mark that some editors write; keepalived takes them for a part of the first keyword.',
    'Save the file as UTF-8 without BOM.',
  ],
  nulByte: [
    'A line holds a byte of value 0; keepalived stops reading the line there.',
    'Remove it; a file that was copied with holes, or saved as UTF-16, has many.',
  ],
  lineTooLong: [
    'keepalived reads lines in pieces of 1022 characters, and takes the rest for another line.',
    'Break the line.',
  ],
  unterminatedQuote: [
    'A value begins with a quotation mark that is not closed on its line.',
    'Close it. A value cannot go on in the next line.',
  ],
  commentBackslash: [
    'keepalived joins a comment that ends with a backslash to the next line, in its own way.',
    'Remove the backslash.',
  ],
  moreDiagnostics: [
    'There are more mistakes than anybody reads.',
    'Mend those that are shown, and look again.',
  ],
  changedWhileRead: [
    'Somebody wrote to the file while it was read. It was read again; if it changed then, too, what was read may be half of it.',
    'Check again once it is written. Programs that write configuration write it under another name and rename it.',
  ],
  fileUnreadable: [
    'The file that was named is there, and the system refuses to have it read.',
    'Give the user that runs ka-node the right to read it, or run ka-node as another one.',
  ],
  includeMissing: [
    'A plain include names a file that does not exist; keepalived goes on without it.',
    'Create it, remove the line, or write includem so that its absence ends the start.',
  ],
  includeNothing: [
    'The pattern of an include matches no file, which is usual for a directory of optional parts.',
    'Nothing, when that is meant; else correct the pattern.',
  ],
  includeUnreadable: [
    'What is included is a directory, is executable, or may not be read.',
    'Name regular files; chmod them so that they can be read and not executed.',
  ],
  includeNoMatchFatal: [
    'An include that requires its files matches none.',
    'Create the file or correct the pattern; plain include is the form that does not mind.',
  ],
  includeUnreadableFatal: [
    'An include that requires its files names one that cannot be read.',
    'Correct its permissions; plain include is the form that does not mind.',
  ],
  includeLoop: [
    'A file includes itself, perhaps through others.',
    'Remove one of the includes; the chain is shown below the message.',
  ],
  includeTooDeep: [
    'Includes stand inside includes, deeper than is of use.',
    'Include the files from one place.',
  ],
  includeTooWide: [
    'The pattern of an include leads through more of the file system than can be meant, as `/*/*/*/*` does.',
    'Name the folder that holds the files.',
  ],
  definitionLoop: ['The value of a parameter uses the parameter itself.', 'Give one of them another name.'],
  expansionTooLong: [
    'Parameters that use each other grow a line beyond a megabyte.',
    'Write the values out, or repeat the line with ~LST.',
  ],
  badSequence: [
    'The arguments of ~SEQ or ~LST make no sequence.',
    'Write ~SEQ(VAR, first, last), ~SEQ(VAR, first, step, last) or ~LST(VAR, value, ...).',
  ],
  surplusListValue: [
    'A group of ~LST has more values than there are variables.',
    'Add a variable or remove the value.',
  ],
  sequenceTooLong: ['A line is repeated more than a million times.', 'Correct the end of the sequence.'],
  badRandomRange: [
    'The bounds of ${_RANDOM} are no numbers, or stand in the wrong order.',
    'Write ${_RANDOM 1 99}.',
  ],
  lineTooDeep: [
    'Values of several lines, conditions and sequences stand in each other on one line, deeper than anybody needs.',
    'Break the line up, or look for a value that contains itself.',
  ],
  unexpectedOpenBrace: [
    'A { stands where no keyword opens a block.',
    'Put it behind its keyword, or remove it.',
  ],
  extraCloseBrace: ['There is one } more than {.', 'Remove it, or look for the { that is missing before it.'],
  blockLeftOpen: [
    'The file ends before all blocks are closed.',
    'Add the }; the message shows which blocks are open.',
  ],
  missingClose: [
    'A block begins that cannot stand where it stands, and the file ends with a block open: a closing brace was forgotten before it.',
    "Write the '}'. keepalived reads the lines that follow as if they belonged to the open block.",
  ],
  missingOpenBrace: ['A keyword that opens a block has none.', 'Write { behind it.'],
  missingBlockFatal: [
    'The keyword opens a list that must not be empty. keepalived gives up here.',
    "Write '{' at the end of the line or on the next one.",
  ],
  surplusWords: [
    'The list has no name, and entries stand inside its braces: the words do not count.',
    "Move them behind '{', or remove them.",
  ],
  entriesIgnored: [
    'Entries of a list stand behind its keyword, without braces. keepalived takes the list for an empty one and says nothing.',
    "Write them between '{' and '}'.",
  ],
  wordsIgnored: [
    'The keyword takes fewer words than the line has; keepalived ignores the others without a word. What is meant to be said there is not said.',
    'Write each keyword on a line of its own; remove what has no meaning, such as the off behind a word that has no off.',
  ],
  missingEmptyList: [
    'A list without braces and without entries. keepalived takes it for an empty one and says nothing.',
    "Remove the line, or write its entries between '{' and '}'.",
  ],
  unrenderedTemplate: [
    'The file is the input of a template engine (Jinja, Go, ERB, Mustache), not its output: braces and words of the template are taken for configuration.',
    'Let Ansible, Helm or whatever it is for render it, and look at the result.',
  ],
  unfilledPlaceholder: [
    'The file was written for a shell, for envsubst or for a reader, who put values in the place of such words, or it uses a parameter that it does not define.',
    'Render the file first, or write the values; or define the parameter above its first use; or take it from the environment, `${_ENV NAME}`.',
  ],
  mergeConflict: [
    'Git writes such lines around the two versions of what it cannot merge; keepalived takes them for keywords and reads both versions.',
    'Keep one version, and remove the lines with the marks.',
  ],
  unknownKeyword: [
    'The word is no keyword of this block. The line is ignored, with its block.',
    'Correct the spelling, or move the line to where it belongs.',
  ],
  misplacedKeyword: [
    'The keyword exists, but in another block.',
    'Move it there. Often a } is missing before it.',
  ],
  notInThisBuild: [
    'Debian builds keepalived without this part; there the keyword is an error.',
    'Nothing for ka-node. Remove the line if keepalived has to read the file too.',
  ],
  unexpectedBlock: [
    'A keyword with a simple value is followed by a block.',
    'Remove the block; often a } is missing before it.',
  ],
  duplicateName: [
    'Two blocks of one kind have the same name; the second one is ignored.',
    'Rename or merge them.',
  ],
  onlyFirstCounts: ['The keyword stands twice, and the later one is ignored.', 'Remove one of them.'],
  deprecatedCounted: ['The keyword still works, but keepalived complains of it.', 'Write the newer keyword.'],
  deprecated: ['The keyword still works, but has a newer form.', 'Write the newer keyword.'],
  newerKeyword: [
    'The keyword came after keepalived 2.2.7.',
    'Nothing for ka-node. An older keepalived calls it unknown.',
  ],
  noEffectYet: [
    'The keyword is read and checked, but nothing acts on it yet.',
    'See docs/compat.md for what happens instead. Do not rely on it.',
  ],
  missingValueFatal: [
    'A keyword stands alone that needs a value; keepalived ends itself there.',
    'Write the value.',
  ],
  missingValue: ['A keyword stands alone that needs a value; the line is ignored.', 'Write the value.'],
  missingValueIgnored: [
    'A keyword stands alone that needs a value; keepalived ignores that silently.',
    'Write the value, or remove the line.',
  ],
  notANumber: [
    'The value is no number of the kind that is wanted; the line is ignored.',
    'Write a number. The message says which.',
  ],
  trailingText: [
    'The value begins with a number and goes on. keepalived uses the number when it runs, and refuses the line when it tests.',
    'Remove what stands behind the number.',
  ],
  outOfRange: [
    'The number is too small or too large; the line is ignored, or the limit is used.',
    'Write a number within the limits of the message.',
  ],
  adjusted: [
    'The value makes no sense; another one is used.',
    'Write the value that is used, or the one that was meant.',
  ],
  tooManyPlaces: ['The number has more decimal places than count.', 'Write fewer.'],
  notABoolean: [
    'The value is none of the words for yes and no, which are in lower case.',
    'Write on or off.',
  ],
  notOneOf: [
    'The value is none of the words that are possible here.',
    'Write one of those that the message lists.',
  ],
  notAnAddress: [
    'The value is no address of the kind that is wanted. Host names are not looked up.',
    'Write the address in numbers.',
  ],
  badValue: ['The value cannot be; the message says why and what is used instead.', 'Correct it.'],
  tooLong: ['The value is longer than can be used.', 'Shorten it.'],
  emptyBlock: ['A list has no entries.', 'Fill it, or remove it.'],
  unknownOption: [
    'A word of the line is no option that is known here; it is ignored.',
    'Correct its spelling or remove it.',
  ],
  zeroSpacing: ['0 is the default. keepalived complains of a line that says so.', 'Remove the line.'],
  entryDropped: [
    'An entry of a list cannot be used and is left out.',
    'Correct it; the message says what is wrong.',
  ],
  silentlyIgnored: ['keepalived ignores this without a word.', 'Correct the line or remove it.'],
  noVrid: ['An instance has no virtual_router_id; it cannot run.', 'Give it the number that its peers use.'],
  noInterface: [
    'An instance has no interface that could carry its adverts.',
    'Write interface, or correct it.',
  ],
  loopback: [
    'Adverts cannot be sent on the loopback interface.',
    'Name the interface that the peers are on. Addresses may still be on lo: dev lo.',
  ],
  noInterfaceNewer: [
    'A unicast instance without interface is known to keepalived from 2.4 on.',
    'Nothing for ka-node. Write interface if an older keepalived reads the file too.',
  ],
  interfaceMissing: [
    'An interface is named that this machine does not have.',
    'Correct the name. dynamic_interfaces in global_defs lets it appear later; check --offline takes interfaces to exist.',
  ],
  noMulticast: [
    'Adverts go to a multicast group, and the interface (a tunnel, for example) sends nothing to groups. keepalived disables the instance.',
    'Write unicast_peer with the addresses of the other nodes, or name another interface.',
  ],
  duplicateVrid: [
    'Two instances on one interface and family use the same number: each would take the adverts of the other for its own.',
    'Give one of them another virtual_router_id, on all nodes.',
  ],
  duplicateVridAbsent: [
    'As KA3005, on an interface that does not exist yet.',
    'Give one of them another virtual_router_id, on all nodes.',
  ],
  noVip: [
    'An instance has no address to move.',
    'Add virtual_ipaddress, or write no_virtual_ipaddress when none is meant.',
  ],
  noVipFatal: [
    'An instance has no address to move, and its version or strict mode requires one.',
    'Add virtual_ipaddress.',
  ],
  authPassTooLong: [
    'Adverts carry 8 characters of the password; what follows is cut off on every node.',
    'Write the 8 characters that count, on all nodes.',
  ],
  authDropped: [
    'VRRP version 3 and strict mode have no authentication of this kind.',
    'Remove the block, or use version 2.',
  ],
  unicastWithoutPeers: [
    'A keyword of unicast instances is there, but no peers; adverts are multicast.',
    'Add unicast_peer, or write mcast_src_ip.',
  ],
  nopreemptIgnored: [
    'Something else contradicts nopreempt, which is ignored.',
    'Write state BACKUP on all nodes, and no preempt.',
  ],
  unknownAddressOption: [
    'A word behind an address is no option of addresses; it is ignored.',
    'Correct its spelling; the hint names the nearest one.',
  ],
  familyMismatch: [
    'An instance has addresses of one family; those of the other are left out.',
    'Write two instances. Addresses of the other family that need no advert may stand in virtual_ipaddress_excluded.',
  ],
  unknownReference: [
    'A list names something that is not defined, or only further down. keepalived reads from top to bottom.',
    'Define it before the block that uses it.',
  ],
  unknownMember: ['A sync group names an instance that does not exist.', 'Correct the name.'],
  emptyGroup: ['No member of the group exists.', 'Correct the names, or remove the group.'],
  loneMember: ['A sync group of one member does nothing.', 'Add the other members, or remove the group.'],
  ownInterfaceTracked: ['An instance follows its own interface without being told.', 'Remove the entry.'],
  strictConflict: [
    'vrrp_strict or strict_mode forbids what the line says.',
    'Remove the line, or strict mode.',
  ],
  xmitBaseSet: [
    'Unicast adverts of a VMAC leave through the interface below; that is switched on.',
    'Write vmac_xmit_base.',
  ],
  rulePreference: [
    'A rule without preference gets the next free one from 16384 downwards, which depends on the order in the file.',
    'Write preference.',
  ],
  weightDropped: [
    'A weight cannot count here: for an address owner, or for a member of a sync group.',
    'Remove the weight; for groups see sync_group_tracking_weight.',
  ],
  vipCount: [
    'An advert has room for so many addresses; the others are moved but not listed.',
    'Move addresses to virtual_ipaddress_excluded.',
  ],
  vmacTwice: [
    'The instance has a virtual MAC interface already, and the address is put there.',
    'Remove use_vmac from the address, or name another interface with dev.',
  ],
  bfdNoNeighbor: ['A BFD session needs the address of its other end.', 'Add neighbor_ip.'],
  labelTooLong: [
    'The kernel knows labels of up to 15 characters.',
    'Shorten it. It begins with the name of the interface.',
  ],
  trackedTwice: [
    'The same object is tracked by the instance and by its group.',
    'Remove the entry of the instance.',
  ],
  routeUntracked: [
    'Routes are tracked by their interface, and this one has none.',
    'Add dev, or write no_track.',
  ],
  routeOfVrf: [
    'The table of a VRF is not looked up, and in another table the route would lead other packets.',
    'Add table, with the number that ip -d link shows for the VRF.',
  ],
  hmacKeyReadable: ['Everybody who can read the key can forge adverts.', 'chmod 600 the file.'],
  noRealServers: [
    'A virtual server has nobody to send connections to; it is ignored.',
    'Add real_server blocks.',
  ],
  defaulted: [
    'Something that should be said is not; a default is used.',
    'Write it, so that everybody sees it.',
  ],
  badServer: [
    'A virtual or real server is named by something that is no address, port, mark or group.',
    'Correct the first line of the block.',
  ],
  serverFamily: [
    'A real server is of another address family than its virtual server, which only tunnels can do.',
    'Correct the address, or write lvs_method TUN.',
  ],
  duplicateServer: ['A real server is listed twice.', 'Remove one of them.'],
  portReset: [
    'Only NAT can change the port of a packet.',
    'Let the server listen on the port of the virtual server, or write lvs_method NAT.',
  ],
  portIgnored: [
    'A group has several ports, or a firewall mark, and with DR and TUN packets reach a server on the port that they came to.',
    'Leave out the port of the server, or use `lvs_method NAT`. Checkers have `connect_port`.',
  ],
  quorumReduced: [
    'The quorum could never be reached.',
    'Write a quorum that is at most the sum of the weights.',
  ],
  hysteresisReduced: ['The quorum, once lost, could never be gained again.', 'Write a smaller hysteresis.'],
  groupUnknown: [
    'A virtual server is for a group that does not exist.',
    'Define virtual_server_group, or correct the name.',
  ],
  groupEmpty: ['A group has no address and no mark.', 'Add them.'],
  serverFlag: [
    'A flag does not fit the scheduler or the protocol.',
    'Remove it, or write it behind the scheduler that has it.',
  ],
  checkerDropped: ['A checker lacks what it needs and does not run.', 'Add what the message names.'],
  checkerDroppedSilently: ['As KA4012; keepalived says nothing of it.', 'Add what the message names.'],
  scriptInsecure: [
    'Scripts run as root while others than root may be able to change them.',
    'Add enable_script_security and script_user to global_defs.',
  ],
  scriptMissing: [
    'The program of a vrrp_script does not exist, or may not be run; the script counts for nobody.',
    'Correct the path; give the program its x bit.',
  ],
  scriptNotExecutable: [
    'The program may not be executed by the user that it runs as.',
    'chmod +x; look at the directories above it too.',
  ],
  scriptUnset: ['A vrrp_script does not say what to run.', 'Add script.'],
  notifyMissing: [
    'The program of a notification does not exist, or may not be run.',
    'Correct the path; give the program its x bit.',
  ],
  unknownUser: [
    'There is no such user on this machine.',
    'Create the user or correct the name; check --offline takes users to exist.',
  ],
  unknownGroup: ['There is no such group on this machine.', 'Create the group or correct the name.'],
  noDefaultUser: [
    'A script has no user to run as.',
    'Add script_user to global_defs, or create the user keepalived_script.',
  ],
  unknownUserIgnored: [
    'The second word behind a notification is the user; there is none of that name.',
    'Quote the command with its arguments, or correct the user.',
  ],
  scriptUnsafe: [
    'Somebody else than root could change the program or a directory above it, and it would run as root.',
    'chown root and chmod go-w each part of the path, or run it as another user.',
  ],
  interfaceAbsent: [
    'An interface is named that this machine does not have; the entry is left out.',
    'Correct the name.',
  ],
  trackFileUnset: ['A track_file does not say which file.', 'Add file.'],
  namespaceMissing: [
    'The network namespace does not exist; keepalived checks nothing then.',
    'Create it: ip netns add NAME.',
  ],
  noSuchDirectory: ['The directory does not exist.', 'Create it.'],
  hostUnknown: [
    'keepalived looks the mail server up when it reads the file, and complains when the name has no address.',
    'Write the address, or mend the name server or /etc/hosts.',
  ],
  pathNotAbsolute: [
    'The daemon changes its directory; a relative path would mean something else.',
    'Write the path from / on.',
  ],
};

/** Every message that there is. */
export function allMessages(): readonly Pick<Message<never>, 'code' | 'severity' | 'hint'>[] {
  return [...Object.values(messages), ...Object.values(lintMessages)];
}

/** By code: `KA3012`. */
export function adviceOf(code: string): Advice | undefined {
  const lint = Object.values(lintMessages).find((message) => message.code === code);
  if (lint !== undefined) return [lint.means, lint.repair];
  const name = Object.entries(messages).find(([, message]) => message.code === code)?.[0];
  return Object.entries(advice).find(([key]) => key === name)?.[1];
}
