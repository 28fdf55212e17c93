"""Runs a program under a system call filter, as systemd would: sandbox.py DENIED FAMILIES COMMAND...

DENIED: numbers of system calls, comma between them. FAMILIES: numbers of address families for socket(2). Whoever makes a call of
the first, or a socket of another family, is killed (SIGSYS), so that it cannot go unnoticed; systemd only refuses it.
"""
import ctypes
import os
import platform
import struct
import sys

LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
KILL, ALLOW = 0x80000000, 0x7FFF0000
SOCKET = {'x86_64': 41, 'aarch64': 198}[platform.machine()]

denied = [int(number) for number in sys.argv[1].split(',')]
families = [int(number) for number in sys.argv[2].split(',')]


def instruction(code, value, yes=0, no=0):
    return struct.pack('HBBI', code, yes, no, value)


# struct seccomp_data: the number of the call at 0, the low half of its first argument at 16.
program = [instruction(LOAD, 0)]
for number in denied:
    program += [instruction(JUMP_EQUAL, number, 0, 1), instruction(RETURN, KILL)]
program += [instruction(JUMP_EQUAL, SOCKET, 1, 0), instruction(RETURN, ALLOW), instruction(LOAD, 16)]
for family in families:
    program += [instruction(JUMP_EQUAL, family, 0, 1), instruction(RETURN, ALLOW)]
program += [instruction(RETURN, KILL)]


class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
filter_program = Program(len(program), b''.join(program))
if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(filter_program)) != 0:
    sys.exit(f'no filter: {os.strerror(ctypes.get_errno())}')
os.execvp(sys.argv[3], sys.argv[3:])
