/** Numbers of system calls as the words that people and rules use. What has no word stays a number. */

const names = (text: string): readonly string[] => text.trim().split(/\s+/);

function flagNames(table: readonly (readonly [number, string])[], none: string): (value: number) => string {
  return (value) => {
    const found = table.filter(([bit]) => (value & bit) === bit && bit !== 0).map(([, name]) => name);
    return found.length === 0 ? none : found.join('|');
  };
}

/** clone(2), also of unshare and setns. */
export const cloneFlags = flagNames(
  [
    [0x100, 'CLONE_VM'], [0x200, 'CLONE_FS'], [0x400, 'CLONE_FILES'], [0x800, 'CLONE_SIGHAND'], [0x80, 'CLONE_NEWTIME'], [0x20000, 'CLONE_NEWNS'], [0x40000, 'CLONE_SYSVSEM'],
    [0x2000000, 'CLONE_NEWCGROUP'], [0x4000000, 'CLONE_NEWUTS'], [0x8000000, 'CLONE_NEWIPC'], [0x10000000, 'CLONE_NEWUSER'], [0x20000000, 'CLONE_NEWPID'], [0x40000000, 'CLONE_NEWNET'],
  ],
  '0',
);

/** As Falco orders them: others, group, owner, then the bits above. */
export const modeNames = flagNames(
  [
    [0o1, 'S_IXOTH'], [0o2, 'S_IWOTH'], [0o4, 'S_IROTH'], [0o10, 'S_IXGRP'], [0o20, 'S_IWGRP'], [0o40, 'S_IRGRP'], [0o100, 'S_IXUSR'], [0o200, 'S_IWUSR'], [0o400, 'S_IRUSR'],
    [0o1000, 'S_ISVTX'], [0o2000, 'S_ISGID'], [0o4000, 'S_ISUID'],
  ],
  '0',
);

export const protectionNames = flagNames([[1, 'PROT_READ'], [2, 'PROT_WRITE'], [4, 'PROT_EXEC']], 'PROT_NONE');
export const mapFlagNames = flagNames([[1, 'MAP_SHARED'], [2, 'MAP_PRIVATE'], [0x10, 'MAP_FIXED'], [0x20, 'MAP_ANONYMOUS'], [0x40000, 'MAP_HUGETLB']], '0');
export const atFlagNames = flagNames([[0x100, 'AT_SYMLINK_NOFOLLOW'], [0x200, 'AT_REMOVEDIR'], [0x400, 'AT_SYMLINK_FOLLOW'], [0x1000, 'AT_EMPTY_PATH']], '0');
export const renameFlagNames = flagNames([[1, 'RENAME_NOREPLACE'], [2, 'RENAME_EXCHANGE'], [4, 'RENAME_WHITEOUT']], '0');
export const memfdFlagNames = flagNames([[1, 'MFD_CLOEXEC'], [2, 'MFD_ALLOW_SEALING'], [4, 'MFD_HUGETLB'], [8, 'MFD_NOEXEC_SEAL'], [16, 'MFD_EXEC']], '0');
export const userfaultFlagNames = flagNames([[0o2000000, 'O_CLOEXEC'], [0o4000, 'O_NONBLOCK'], [1, 'UFFD_USER_MODE_ONLY']], '0');
export const mountFlagNames = flagNames(
  [
    [1, 'RDONLY'], [2, 'NOSUID'], [4, 'NODEV'], [8, 'NOEXEC'], [0x10, 'SYNCHRONOUS'], [0x20, 'REMOUNT'], [0x1000, 'BIND'], [0x2000, 'MOVE'], [0x4000, 'REC'], [0x8000, 'SILENT'],
    [0x20000, 'UNBINDABLE'], [0x40000, 'PRIVATE'], [0x80000, 'SLAVE'], [0x100000, 'SHARED'],
  ],
  '0',
);
export const umountFlagNames = flagNames([[1, 'FORCE'], [2, 'DETACH'], [4, 'EXPIRE'], [8, 'NOFOLLOW']], '0');

export { familyName } from '@vedette/rules/socket-families';

const signals = names(`0 SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP
  SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS`);
export const signalName = (value: number): string => signals[value] ?? String(value);

const ptraceRequests: Readonly<Record<number, string>> = {
  0: 'PTRACE_TRACEME', 1: 'PTRACE_PEEKTEXT', 2: 'PTRACE_PEEKDATA', 3: 'PTRACE_PEEKUSR', 4: 'PTRACE_POKETEXT', 5: 'PTRACE_POKEDATA', 6: 'PTRACE_POKEUSR', 7: 'PTRACE_CONT', 8: 'PTRACE_KILL',
  9: 'PTRACE_SINGLESTEP', 12: 'PTRACE_GETREGS', 13: 'PTRACE_SETREGS', 14: 'PTRACE_GETFPREGS', 15: 'PTRACE_SETFPREGS', 16: 'PTRACE_ATTACH', 17: 'PTRACE_DETACH', 24: 'PTRACE_SYSCALL',
  0x4200: 'PTRACE_SETOPTIONS', 0x4201: 'PTRACE_GETEVENTMSG', 0x4202: 'PTRACE_GETSIGINFO', 0x4203: 'PTRACE_SETSIGINFO', 0x4204: 'PTRACE_GETREGSET', 0x4205: 'PTRACE_SETREGSET',
  0x4206: 'PTRACE_SEIZE', 0x4207: 'PTRACE_INTERRUPT', 0x4208: 'PTRACE_LISTEN', 0x4209: 'PTRACE_PEEKSIGINFO',
};
export const ptraceRequestName = (value: number): string => ptraceRequests[value] ?? String(value);

const bpfCommands = names(`BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH
  BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD
  BPF_BTF_GET_FD_BY_ID BPF_TASK_FD_QUERY BPF_MAP_LOOKUP_AND_DELETE_ELEM BPF_MAP_FREEZE BPF_BTF_GET_NEXT_ID BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH BPF_MAP_UPDATE_BATCH
  BPF_MAP_DELETE_BATCH BPF_LINK_CREATE BPF_LINK_UPDATE BPF_LINK_GET_FD_BY_ID BPF_LINK_GET_NEXT_ID BPF_ENABLE_STATS BPF_ITER_CREATE BPF_LINK_DETACH BPF_PROG_BIND_MAP BPF_TOKEN_CREATE`);
export const bpfCommandName = (value: number): string => bpfCommands[value] ?? String(value);

const prctlOptions: Readonly<Record<number, string>> = {
  1: 'PR_SET_PDEATHSIG', 2: 'PR_GET_PDEATHSIG', 3: 'PR_GET_DUMPABLE', 4: 'PR_SET_DUMPABLE', 8: 'PR_SET_KEEPCAPS', 15: 'PR_SET_NAME', 16: 'PR_GET_NAME', 21: 'PR_GET_SECCOMP', 22: 'PR_SET_SECCOMP',
  23: 'PR_CAPBSET_READ', 24: 'PR_CAPBSET_DROP', 28: 'PR_SET_SECUREBITS', 35: 'PR_SET_MM', 36: 'PR_SET_CHILD_SUBREAPER', 38: 'PR_SET_NO_NEW_PRIVS', 39: 'PR_GET_NO_NEW_PRIVS', 47: 'PR_CAP_AMBIENT',
  53: 'PR_SET_SPECULATION_CTRL', 0x59616d61: 'PR_SET_PTRACER', 0x53564d41: 'PR_SET_VMA',
};
export const prctlOptionName = (value: number): string => prctlOptions[value] ?? String(value);

const keyctlOperations = names(`KEYCTL_GET_KEYRING_ID KEYCTL_JOIN_SESSION_KEYRING KEYCTL_UPDATE KEYCTL_REVOKE KEYCTL_CHOWN KEYCTL_SETPERM KEYCTL_DESCRIBE KEYCTL_CLEAR KEYCTL_LINK KEYCTL_UNLINK
  KEYCTL_SEARCH KEYCTL_READ KEYCTL_INSTANTIATE KEYCTL_NEGATE KEYCTL_SET_REQKEY_KEYRING KEYCTL_SET_TIMEOUT KEYCTL_ASSUME_AUTHORITY KEYCTL_GET_SECURITY KEYCTL_SESSION_TO_PARENT`);
export const keyctlOperationName = (value: number): string => keyctlOperations[value] ?? String(value);
