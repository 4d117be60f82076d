/**
 * The operations of the second station: for each goal, every way to it that lab/detect/equivalent/ knows, and the rule that must see it.
 * A way that no hook of this kernel shows bears the reason, which the coverage page must tell: at most four may.
 */

export interface Operation {
  /** In the program. */
  readonly name: string;
  readonly goal: string;
  /** In words: what is done otherwise. */
  readonly way: string;
  /** Any of these must fire. */
  readonly rules: readonly string[];
  /** What this kernel answers instead of doing it, as errno; else it must succeed. */
  readonly refused?: number;
  /** How often at least; else once. */
  readonly times?: number;
  /** Event class whose hook must tell, by these words, that it does not see this. */
  readonly gap?: { readonly eventClass: string; readonly says: RegExp; /** It depends on the other rules whether it is seen. */ readonly sometimes?: true };
}

type Ways = Readonly<Record<string, string>>;

function goal(name: string, rules: readonly string[], ways: Ways): Operation[] {
  return Object.entries(ways).map(([operation, way]) => ({ name: operation, goal: name, way, rules }));
}

export const operations: readonly Operation[] = [
  ...goal('executing a scratch program', ['goal scratch program'], {
    'execve': 'execve', 'execve-double-slash': 'double slashes in its path', 'execve-relative': 'a relative path', 'execveat-directory': 'execveat with a directory',
    'execveat-descriptor': 'execveat of a descriptor', 'execveat-path-descriptor': 'execveat of an O_PATH descriptor', 'execve-symlink': 'a symbolic link elsewhere',
    'execve-hard-link': 'a hard link', 'execve-renamed': 'renamed to sshd', 'execve-proc-root': '/proc/self/root', 'execve-proc-cwd': '/proc/thread-self/cwd',
    'execve-proc-fd': '/proc/self/fd', 'execve-memfd': 'memfd and AT_EMPTY_PATH', 'execve-memfd-path': 'memfd by /dev/fd', 'execve-tmpfile': 'a file that never had a name',
    'execve-deleted': 'a file that was removed', 'execve-vfork': 'after vfork', 'execve-double-fork': 'after fork, setsid and fork', 'execve-twice': 'by a program that executes it',
    'execve-clone-into-cgroup': 'clone3 into another cgroup', 'execve-thread': 'by a thread that is not the leader', 'execve-race': 'a second thread changes the path meanwhile',
    'execve-chroot': 'after chroot', 'execve-bind-mount': 'a bind mount', 'execve-setns': "in another process's mounts", 'execve-int-0x80': 'the 32-bit int 0x80',
    'execveat-int-0x80': 'execveat by int 0x80', 'execve-forged-name': 'the name of a kernel thread in argv[0]', 'execve-no-arguments': 'no arguments at all',
    'execve-comm': 'after prctl renamed the process', 'execve-fchdir': 'after fchdir', 'execve-injected': 'by a process into which the call was written',
    'execve-script-of-marker': 'as the interpreter of a script', 'execve-by-perl': "by perl's exec",
  }),
  ...goal('executing a scratch script', ['goal scratch script'], {
    'execve-script': 'by its first line', 'execve-script-no-head': 'through an interpreter, without a first line', 'execve-script-from-input': "as the shell's standard input",
    'execve-env-split': 'by env -S',
  }),
  ...goal('loading scratch code', ['goal scratch code'], {
    'execve-loader': 'the program as an argument of ld.so', 'map-preload': 'LD_PRELOAD', 'map-loader-preload': 'ld.so --preload', 'map': 'mmap', 'map-mprotect': 'mmap to read, then mprotect',
    'map-personality': 'READ_IMPLIES_EXEC and mmap to read', 'map-int-0x80': 'mmap2 by int 0x80', 'map-int-0x80-oldest': 'the oldest mmap by int 0x80', 'map-anonymous': 'copied to memory without a file',
  }),
  ...goal('reading a secret', ['goal secret read'], {
    'open': 'open', 'openat': 'openat', 'openat2': 'openat2', 'openat2-in-root': 'openat2 inside a root', 'openat-directory': 'openat with a directory', 'openat-path-directory': 'openat with an O_PATH directory',
    'open-double-slash': 'double slashes in its path', 'open-relative': 'a relative path', 'open-fchdir': 'after fchdir', 'open-symlink': 'a symbolic link', 'open-linked-directory': 'a symbolic link to its directory',
    'open-proc-root': '/proc/self/root', 'open-proc-cwd': '/proc/self/cwd', 'open-proc-pid-root': '/proc/PID/root', 'open-chroot': 'after chroot into its directory', 'open-read-write': 'opened to read and write',
    'open-int-0x80': 'the 32-bit int 0x80', 'openat-int-0x80': 'openat by int 0x80', 'open-by-handle': 'open_by_handle_at', 'open-path-descriptor': 'O_PATH, opened again by /proc/self/fd',
    'open-long-path': 'a path longer than any buffer', 'open-deep-path': 'a link below sixty directories', 'open-mapped': 'mmap instead of read', 'open-sendfile': 'sendfile', 'open-splice': 'splice',
    'open-copy-range': 'copy_file_range', 'open-passed': 'opened by one process, passed to another', 'open-pidfd': 'taken from another process by pidfd_getfd', 'open-race': 'a second thread changes the path meanwhile',
    'open-userfault': 'the path appears while the kernel reads it (userfaultfd)', 'open-after-decoy': 'after the same file was opened under another name',
    'ring-open': 'io_uring', 'ring-open-worker': "io_uring's worker", 'ring-open-poll-thread': "io_uring's polling thread", 'ring-open-deferred': 'io_uring with deferred work', 'ring-open-silent': 'io_uring without an answer',
    'ring-open-symlink': 'io_uring through a symbolic link', 'ring-openat2': 'openat2 by io_uring', 'ring-open-direct': "io_uring's own table of files",
  }),
  ...goal('reading a secret', ['goal secret read', 'goal secret renamed'], {
    'open-hard-link': 'a hard link', 'open-renamed': 'renamed before', 'open-exchanged': 'exchanged with another file (renameat2)', 'open-bind-mount': 'a bind mount of its directory', 'open-tree': 'open_tree',
    'open-moved-tree': 'open_tree and move_mount', 'open-overlay': 'through an overlay over its directory', 'ring-link': 'a hard link by io_uring', 'ring-symlink': 'a symbolic link by io_uring',
  }),
  { name: 'open-x32', goal: 'reading a secret', way: 'the x32 interface', rules: [], refused: -38 },
  ...goal('writing a job', ['goal job written'], {
    'write': 'open', 'write-creat': 'creat', 'write-linked-directory': 'a symbolic link to its directory', 'write-proc-root': '/proc/self/root', 'write-int-0x80': 'creat by int 0x80', 'write-rename': 'renamed into place',
    'write-renameat2': 'renameat2 with directories', 'write-link': 'linked into place', 'write-symlink': 'a symbolic link in its place', 'write-rename-linked': 'renamed through a symbolic link to its directory', 'write-tmpfile': 'O_TMPFILE and linkat of /proc/self/fd',
    'write-tmpfile-empty': 'O_TMPFILE and linkat of the descriptor', 'write-mapped': 'written by mmap', 'write-reopened': 'opened again by /proc/self/fd', 'write-sendfile': 'sendfile', 'write-vmsplice': 'vmsplice and splice',
    'write-passed': 'opened by one process, written by another', 'write-by-handle': 'open_by_handle_at', 'write-fallocate': 'fallocate', 'write-bind-mount': 'a bind mount over it', 'write-new-mount': 'fsopen, fsmount and move_mount over its directory',
    'ring-write': 'io_uring', 'ring-rename': 'renamed into place by io_uring',
  }),
  ...goal('removing a trace', ['goal trace removed'], {
    'unlink': 'unlink', 'unlinkat': 'unlinkat with a directory', 'unlink-linked-directory': 'a symbolic link to its directory', 'unlink-proc-cwd': '/proc/self/cwd', 'unlink-proc-fd': '/proc/self/fd', 'unlink-renamed': 'renamed',
    'truncate': 'truncate', 'truncate-symlink': 'truncate of a symbolic link', 'ftruncate': 'ftruncate', 'truncate-open': 'O_TRUNC', 'unlink-int-0x80': 'unlink by int 0x80', 'truncate-int-0x80': 'truncate64 by int 0x80',
    'truncate-punched': 'a hole by fallocate', 'unlink-long-path': 'a path longer than any buffer', 'unlink-race': 'a second thread changes the path meanwhile', 'ring-unlink': 'io_uring', 'ring-unlink-worker': "io_uring's worker",
    'ring-ftruncate': 'ftruncate by io_uring',
  }),
  ...goal('making a program run as its owner', ['goal runs as its owner'], {
    'chmod': 'chmod', 'fchmod': 'fchmod', 'fchmodat': 'fchmodat', 'fchmodat2': 'fchmodat2 of a descriptor', 'chmod-int-0x80': 'chmod by int 0x80', 'chmod-of-open': 'so from its creation, by open', 'chmod-of-mknod': 'so from its creation, by mknod',
    'chmod-of-creat': 'so from its creation, by creat', 'chmod-of-tmpfile': 'so from its creation, by O_TMPFILE',
  }),
  ...goal('reaching a peer', ['goal peer reached'], {
    'connect': 'connect', 'connect-nonblocking': 'connect that does not wait', 'connect-mapped': 'an IPv4 address in IPv6', 'connect-datagram': 'a connected UDP socket', 'connect-multipath': 'MPTCP', 'connect-int-0x80': 'connect by int 0x80',
    'connect-socketcall': 'socketcall', 'sendto-socketcall': 'sendto by socketcall', 'connect-fast-open': 'sendto with TCP fast open', 'connect-fast-open-sendmsg': 'sendmsg with TCP fast open', 'sendto': 'sendto', 'sendmsg': 'sendmsg',
    'sendmmsg': 'sendmmsg', 'sendmmsg-second': 'the second of two messages of sendmmsg', 'ring-connect': 'io_uring', 'ring-connect-datagram': 'a connected UDP socket by io_uring', 'ring-sendmsg': 'sendmsg by io_uring', 'ring-send': 'sendto by io_uring',
  }),
  ...goal('reaching a container engine', ['goal engine reached'], {
    'engine': 'connect', 'engine-symlink': 'a symbolic link', 'engine-relative': 'a relative path', 'engine-hard-link': 'a hard link', 'engine-proc-fd': '/proc/self/fd', 'ring-connect-unix': 'io_uring',
  }),
  ...goal('writing into a process', ['goal process written'], {
    'inject-ptrace': 'PTRACE_ATTACH', 'inject-seize': 'PTRACE_SEIZE', 'inject-vm-write': 'process_vm_writev', 'inject-proc-mem': '/proc/PID/mem', 'inject-int-0x80': 'ptrace by int 0x80',
  }),
  ...goal('leaving namespaces', ['goal namespaces left'], {
    'unshare': 'unshare', 'unshare-int-0x80': 'unshare by int 0x80', 'clone-namespaces': 'clone', 'clone3-namespaces': 'clone3', 'setns': 'setns of a file', 'setns-pidfd': 'setns of a pidfd',
  }),
  {
    name: 'open-again', goal: 'reading a secret', way: 'twice, the second time by another process of the same program', rules: ['goal secret read'], times: 2,
    gap: { eventClass: 'open', says: /opens for reading after the first of each container, program and name of a file/, sometimes: true },
  },
  {
    name: 'dup-passed', goal: 'making a socket the standard input', way: 'passed through a unix socket', rules: ['goal input is a socket'],
    gap: { eventClass: 'dup', says: /those passed through unix sockets/ },
  },
  {
    name: 'dup-accepted', goal: 'making a socket the standard input', way: 'accepted at a free number', rules: ['goal input is a socket'],
    gap: { eventClass: 'dup', says: /connections that are accepted at a free number/ },
  },
  ...goal('making a socket the standard input', ['goal input is a socket'], {
    'dup-none': 'made at a free number', 'dup-pidfd': 'taken by pidfd_getfd',
    'dup2': 'dup2', 'dup3': 'dup3', 'dup-lowest': 'dup to the lowest free', 'dup-fcntl': 'fcntl', 'dup-int-0x80': 'dup2 by int 0x80',
  }),
];
