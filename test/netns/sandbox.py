"""Runs a program under a system call filter, as systemd would: sandbox.py RULES COMMAND...

RULES is JSON: `families`, numbers of the address families that socket(2) may have; `calls`, a list of
`[number, conditions, action]`. A condition `[argument, mask]` holds when the argument has a bit of the mask; when all of them hold
the call is answered with ENOSYS (`nosys`) or whoever made it is killed (`kill`, SIGSYS), so that it cannot go unnoticed; systemd
only refuses it. Calls of another architecture are killed. The session keyring is a new one.
"""
import ctypes
import errno
import json
import os
import platform
import struct
import sys

LOAD, JUMP_EQUAL, JUMP_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
KILL, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
ACTIONS = {'kill': KILL, 'nosys': ERRNO | errno.ENOSYS}
ARCHITECTURE, SOCKET, KEYCTL = {'x86_64': (0xC000003E, 41, 250), 'aarch64': (0xC00000B7, 198, 219)}[platform.machine()]
NUMBER, ARCH, ARGUMENTS = 0, 4, 16  # of struct seccomp_data

rules = json.loads(sys.argv[1])


def instruction(code, value, yes=0, no=0):
    return struct.pack('HBBI', code, yes, no, value)


def block(number, body):
    """What is done for one call; the rest of the program follows it, with the number loaded."""
    return [instruction(JUMP_EQUAL, number, 0, len(body))] + body


def conditions_and_return(conditions, action):
    body = []
    for argument, mask in conditions:
        # The low half of the argument. When no bit is set: to the end of the block.
        body += [(LOAD, ARGUMENTS + 8 * argument), (JUMP_BITS, mask)]
    end = len(body) + 1
    code = []
    for index, (operation, value) in enumerate(body):
        code.append(instruction(operation, value, 0, end - index - 1 if operation == JUMP_BITS else 0))
    return code + [instruction(RETURN, ACTIONS[action]), instruction(LOAD, NUMBER)]


program = [instruction(LOAD, ARCH), instruction(JUMP_EQUAL, ARCHITECTURE, 1, 0), instruction(RETURN, KILL)]
program += [instruction(LOAD, NUMBER)]
for number, conditions, action in rules['calls']:
    program += block(number, conditions_and_return(conditions, action))
family = [instruction(LOAD, ARGUMENTS)]
for allowed in rules['families']:
    family += [instruction(JUMP_EQUAL, allowed, 0, 1), instruction(RETURN, ALLOW)]
program += block(SOCKET, family + [instruction(RETURN, KILL)]) + [instruction(RETURN, ALLOW)]


class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
JOIN_SESSION_KEYRING, SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 1, 38, 22, 2
# Containers have no keyrings, or forbid them.
if libc.syscall(KEYCTL, JOIN_SESSION_KEYRING, None) < 0 and ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):
    sys.exit(f'no keyring: {os.strerror(ctypes.get_errno())}')
filter_program = Program(len(program), b''.join(program))
if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(filter_program)) != 0:
    sys.exit(f'no filter: {os.strerror(ctypes.get_errno())}')
os.execvp(sys.argv[2], sys.argv[2:])
