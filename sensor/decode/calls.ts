/**
 * The system calls of sensor/probe/calls.h by their row, which is what a record says. A test compares them with that file.
 */
export const callNames = [
  '',
  'setuid', 'setreuid', 'setresuid', 'setfsuid', 'setuid32', 'setreuid32', 'setresuid32', 'setgid', 'setregid', 'setresgid', 'setfsgid',
  'setgid32', 'setregid32', 'setresgid32', 'capset', 'setns', 'unshare', 'ptrace', 'process_vm_writev', 'process_vm_readv', 'prctl',
  'kill', 'tkill', 'tgkill', 'pidfd_send_signal', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'setpgid', 'setsid', 'chroot', 'chdir', 'fchdir',
  'open', 'openat', 'openat2', 'creat', 'open_by_handle_at', 'mmap', 'mmap2', 'mprotect', 'pkey_mprotect', 'rename', 'renameat',
  'renameat2', 'link', 'linkat', 'symlink', 'symlinkat', 'unlink', 'unlinkat', 'rmdir', 'mkdir', 'mkdirat', 'mknod', 'mknodat', 'chmod',
  'fchmod', 'fchmodat', 'fchmodat2', 'chown', 'lchown', 'fchown', 'fchownat', 'chown32', 'lchown32', 'fchown32', 'truncate', 'ftruncate',
  'truncate64', 'ftruncate64', 'mount', 'move_mount', 'umount2', 'umount', 'pivot_root', 'memfd_create', 'memfd_secret', 'socket', 'bind',
  'connect', 'sendto', 'sendmsg', 'sendmmsg', 'recvfrom', 'recvmsg', 'recvmmsg', 'dup', 'dup2', 'dup3', 'fcntl', 'fcntl64', 'bpf',
  'init_module', 'finit_module', 'delete_module', 'io_uring_setup', 'io_uring_register', 'userfaultfd', 'keyctl', 'add_key', 'request_key', 'accept', 'accept4',
  'socketcall', 'open_tree', 'open_tree_attr', 'pidfd_getfd',
] as const;
