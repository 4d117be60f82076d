/**
 * The events of a capture as facts, one line a pair: the number of the enter event (the exit event is one more), name,
 * kind (s system call, t tracepoint, m meta, p plugin), category, flags, `=n` for an old version and the pair it became,
 * then the parameters on entering and, after `>`, on leaving. Flags: c makes a descriptor, d destroys one, u uses one,
 * r reads from it, w writes to it, t waits, k carries no state of a thread, l has 32-bit lengths. A parameter is
 * `name:type`, perhaps with the list of its names after a dot, the parameter that holds its directory after `@`, and the
 * base it prints in after `/`. The numbers are those of the file format and never change; new pairs go to the end.
 */
export const sharedParameters: Readonly<Record<string, string>> = {
  '*exec': 'res:err exe:str args:buf tid:pid pid:pid ptid:pid cwd:str fdlimit:u64',
  '*clone': 'res:pid exe:str args:buf tid:pid pid:pid ptid:pid cwd:str fdlimit:i64',
  '*memory': 'pgft_maj:u64 pgft_min:u64 vm_size:u32 vm_rss:u32 vm_swap:u32',
};

export const eventTable = `
  0 syscall s other - | ID:sc nativeID:u16 > ID:sc
  2 open s file c | name:path flags:f32.file_flags/hex mode:u32/oct > fd:fd name:path flags:f32.file_flags/hex mode:u32/oct dev:u32/hex ino:u64
  4 close s io_other du | fd:fd > res:err
  6 read s io_read ur | fd:fd size:u32 > res:err data:buf fd:fd size:u32
  8 write s io_write uw | fd:fd size:u32 > res:err data:buf fd:fd size:u32
  10 brk s memory - =158 | size:u32 > res:u64/hex
  12 execve s process - =292 | > *exec
  14 clone s process - =222 | > *clone flags:f32.clone_flags/hex uid:u32 gid:u32
  16 procexit t process - =186 |
  18 socket s net c | domain:e32.socket_families type:u32 proto:u32 > fd:fd domain:e32.socket_families type:u32 proto:u32
  20 bind s net u | fd:fd > res:err addr:addr fd:fd
  22 connect s net u | fd:fd addr:addr > res:err tuple:tuple fd:fd
  24 listen s net u | fd:fd backlog:i32 > res:err fd:fd backlog:i32
  26 accept s net c =246 | > fd:fd tuple:tuple queuepct:u8
  28 send s io_write uw | fd:fd size:u32 > res:err data:buf fd:fd size:u32 tuple:tuple
  30 sendto s io_write uw | fd:fd size:u32 tuple:tuple > res:err data:buf
  32 recv s io_read ur | fd:fd size:u32 > res:err data:buf fd:fd size:u32 tuple:tuple
  34 recvfrom s io_read ur | fd:fd size:u32 > res:err data:buf tuple:tuple
  36 shutdown s net u | fd:fd how:e8.shutdown_how/hex > res:err
  38 getsockname s net - | >
  40 getpeername s net - | >
  42 socketpair s ipc c | domain:e32.socket_families type:u32 proto:u32 > res:err fd1:fd fd2:fd source:u64/hex peer:u64/hex
  44 setsockopt s net u | > res:err fd:fd level:e8.sockopt_levels optname:e8.sockopt_options val:dyn.sockopt optlen:u32
  46 getsockopt s net u | > res:err fd:fd level:e8.sockopt_levels optname:e8.sockopt_options val:dyn.sockopt optlen:u32
  48 sendmsg s io_write uw | fd:fd size:u32 tuple:tuple > res:err data:buf
  50 sendmmsg s io_write uw | > res:err fd:fd size:u32 data:buf tuple:tuple
  52 recvmsg s io_read ur | fd:fd > res:err size:u32 data:buf tuple:tuple msgcontrol:buf
  54 recvmmsg s io_read ur | > res:err fd:fd size:u32 data:buf tuple:tuple msgcontrol:buf
  56 accept s net c =388 | flags:i32/hex > fd:fd tuple:tuple queuepct:u8
  58 creat s file c | name:path mode:u32/oct > fd:fd name:path mode:u32/oct dev:u32/hex ino:u64 creat_flags:f16.creat_flags/hex
  60 pipe s ipc c | > res:err fd1:fd fd2:fd ino:u64
  62 eventfd s ipc c | initval:u64 flags:u32/hex > res:fd
  64 futex s ipc - | addr:u64/hex op:f16.futex_operations/hex val:u64 > res:err
  66 stat s file - | > res:err path:path
  68 lstat s file - | > res:err path:path
  70 fstat s file u | fd:fd > res:err
  72 stat64 s file - | > res:err path:path
  74 lstat64 s file - | > res:err path:path
  76 fstat64 s file u | fd:fd > res:err
  78 epoll_wait s wait t | maxevents:err > res:err
  80 poll s wait t | fds:fds timeout:i64 > res:err fds:fds
  82 select s wait t | > res:err
  84 select s wait t =82 | > res:err
  86 lseek s file u | fd:fd offset:u64 whence:e8.lseek_whence > res:err
  88 llseek s file u | fd:fd offset:u64 whence:e8.lseek_whence > res:err
  90 ioctl s io_other u =170 | fd:fd request:u64/hex > res:err
  92 getcwd s file - | > res:err path:str
  94 chdir s file - | > res:err path:str
  96 fchdir s file u | fd:fd > res:err
  98 mkdir s file - =276 | path:path mode:u32/hex > res:err
  100 rmdir s file - =278 | path:path > res:err
  102 openat s file c =306 | dirfd:fd name:str flags:f32.file_flags/hex mode:u32/oct > fd:fd
  104 link s file - =308 | oldpath:path newpath:path > res:err
  106 linkat s file - =310 | olddir:fd oldpath:str newdir:fd newpath:str > res:err
  108 unlink s file - =300 | path:path > res:err
  110 unlinkat s file - =302 | dirfd:fd name:str > res:err
  112 pread s io_read ur | fd:fd size:u32 pos:u64 > res:err data:buf fd:fd size:u32 pos:u64
  114 pwrite s io_write uw | fd:fd size:u32 pos:u64 > res:err data:buf fd:fd size:u32 pos:u64
  116 readv s io_read ur | fd:fd > res:err size:u32 data:buf
  118 writev s io_write uw | fd:fd size:u32 > res:err data:buf
  120 preadv s io_read ur | fd:fd pos:u64 > res:err size:u32 data:buf
  122 pwritev s io_write uw | fd:fd size:u32 pos:u64 > res:err data:buf
  124 dup s io_other cu =366 | fd:fd > res:fd
  126 signalfd s signal c | fd:fd mask:u32/hex flags:u8/hex > res:fd
  128 kill s signal - | pid:pid sig:sig > res:err
  130 tkill s signal - | tid:pid sig:sig > res:err
  132 tgkill s signal - | pid:pid tid:pid sig:sig > res:err
  134 nanosleep s sleep t | interval:rtime > res:err
  136 timerfd_create s time c | clockid:u8 flags:u8/hex > res:fd
  138 inotify_init s ipc c | flags:u8/hex > res:fd
  140 getrlimit s process - | resource:e8.rlimit_resources > res:err cur:i64 max:i64
  142 setrlimit s process - | resource:e8.rlimit_resources > res:err cur:i64 max:i64 resource:e8.rlimit_resources
  144 prlimit s process - | pid:pid resource:e8.rlimit_resources > res:err newcur:i64 newmax:i64 oldcur:i64 oldmax:i64 pid:i64 resource:e8.rlimit_resources
  146 switch t scheduler k =152 | next:pid
  148 drop m internal k | ratio:u32 > ratio:u32
  150 fcntl s io_other u | fd:fd cmd:e8.fcntl_commands > res:fd fd:fd cmd:e8.fcntl_commands
  152 switch t scheduler - | next:pid *memory
  154 execve s process - =292 | > *exec *memory
  156 clone s process - =222 | > *clone *memory flags:f32.clone_flags/hex uid:u32 gid:u32
  158 brk s memory - | addr:u64/hex > res:u64/hex vm_size:u32 vm_rss:u32 vm_swap:u32
  160 mmap s memory u | addr:u64/hex length:u64 prot:f32.prot_flags/hex flags:f32.mmap_flags/hex fd:fd offset:u64 > res:err/hex vm_size:u32 vm_rss:u32 vm_swap:u32
  162 mmap2 s memory u | addr:u64/hex length:u64 prot:f32.prot_flags/hex flags:f32.mmap_flags/hex fd:fd pgoffset:u64 > res:err/hex vm_size:u32 vm_rss:u32 vm_swap:u32
  164 munmap s memory - | addr:u64/hex length:u64 > res:err vm_size:u32 vm_rss:u32 vm_swap:u32
  166 splice s io_other u | fd_in:fd fd_out:fd size:u64 flags:f32.splice_flags/hex > res:err
  168 ptrace s process - | request:e16.ptrace_requests pid:pid > res:err addr:dyn.ptrace/hex data:dyn.ptrace/hex
  170 ioctl s io_other u | fd:fd request:u64/hex argument:u64/hex > res:err
  172 execve s process - =292 | > *exec *memory env:buf
  174 rename s file - | > res:err oldpath:path newpath:path
  176 renameat s file - | > res:err olddirfd:fd oldpath:rel@1 newdirfd:fd newpath:rel@3
  178 symlink s file - | > res:err target:str linkpath:path
  180 symlinkat s file - | > res:err target:str linkdirfd:fd linkpath:rel@2
  182 fork s process - =224 | > *clone *memory flags:f32.clone_flags/hex uid:u32 gid:u32
  184 vfork s process - =226 | > *clone *memory flags:f32.clone_flags/hex uid:u32 gid:u32
  186 procexit t process - | status:err ret:err sig:sig core:u8 reaper_tid:pid
  188 sendfile s io_write u | out_fd:fd in_fd:fd offset:u64 size:u64 > res:err offset:u64
  190 quotactl s user - | cmd:f16.quotactl_cmds type:f8.quotactl_types id:u32 quota_fmt:f8.quotactl_quota_fmts > res:err special:str quotafilepath:str dqb_bhardlimit:u64 dqb_bsoftlimit:u64 dqb_curspace:u64 dqb_ihardlimit:u64 dqb_isoftlimit:u64 dqb_btime:rtime dqb_itime:rtime dqi_bgrace:rtime dqi_igrace:rtime dqi_flags:f8.quotactl_dqi_flags quota_fmt_out:f8.quotactl_quota_fmts
  192 setresuid s user - | ruid:uid euid:uid suid:uid > res:err
  194 setresgid s user - | rgid:gid egid:gid sgid:gid > res:err
  196 scapevent m internal k | event_type:u32 event_data:u64
  198 setuid s user - | uid:uid > res:err
  200 setgid s user - | gid:gid > res:err
  202 getuid s user - | > uid:uid
  204 geteuid s user - | > euid:uid
  206 getgid s user - | > gid:gid
  208 getegid s user - | > egid:gid
  210 getresuid s user - | > res:err ruid:uid euid:uid suid:uid
  212 getresgid s user - | > res:err rgid:gid egid:gid sgid:gid
  214 execve s process - =292 | > *exec *memory comm:str env:buf
  216 clone s process - =222 | > *clone *memory comm:str flags:f32.clone_flags/hex uid:u32 gid:u32
  218 fork s process - =224 | > *clone *memory comm:str flags:f32.clone_flags/hex uid:u32 gid:u32
  220 vfork s process - =226 | > *clone *memory comm:str flags:f32.clone_flags/hex uid:u32 gid:u32
  222 clone s process - | > *clone *memory comm:str cgroups:buf flags:f32.clone_flags/hex uid:u32 gid:u32 vtid:pid vpid:pid pidns_init_start_ts:u64
  224 fork s process - | > *clone *memory comm:str cgroups:buf flags:f32.clone_flags/hex uid:u32 gid:u32 vtid:pid vpid:pid pidns_init_start_ts:u64
  226 vfork s process - | > *clone *memory comm:str cgroups:buf flags:f32.clone_flags/hex uid:u32 gid:u32 vtid:pid vpid:pid pidns_init_start_ts:u64
  228 container m internal k =324 | id:str type:u32 name:str image:str
  230 execve s process - =292 | > *exec *memory comm:str cgroups:buf env:buf
  232 signaldeliver t signal - | spid:pid dpid:pid sig:sig
  234 procinfo m internal k | cpu_usr:u64 cpu_sys:u64
  236 getdents s file u | fd:fd > res:err
  238 getdents64 s file u | fd:fd > res:err
  240 setns s process u | fd:fd nstype:f32.clone_flags/hex > res:err
  242 flock s file u | fd:fd operation:f32.flock_flags/hex > res:err
  244 cpu_hotplug m system k | cpu:u32 action:u32
  246 accept s net c | > fd:fd tuple:tuple queuepct:u8 queuelen:u32 queuemax:u32
  248 accept s net c =388 | flags:i32/hex > fd:fd tuple:tuple queuepct:u8 queuelen:u32 queuemax:u32
  250 semop s process - | semid:i32 > res:err nsops:u32 sem_num_0:u16 sem_op_0:i16 sem_flg_0:f16.semop_flags/hex sem_num_1:u16 sem_op_1:i16 sem_flg_1:f16.semop_flags/hex
  252 semctl s process - | semid:i32 semnum:i32 cmd:f16.semctl_commands/hex val:i32 > res:err
  254 ppoll s wait t | fds:fds timeout:rtime sigmask:sigset > res:err fds:fds
  256 mount s file - | flags:f32.mount_flags/hex > res:err dev:str dir:path type:str
  258 umount s file - =386 | flags:f32.umount_flags/hex > res:err name:path
  260 k8s m internal k | json:str
  262 semget s process - | key:i32/hex nsems:i32 semflg:f32.semget_flags/hex > res:err
  264 access s file - | mode:f32.access_flags/hex > res:err name:path
  266 chroot s process - | > res:err path:path
  268 tracer m other - | id:i64 tags:strs args:pairs > id:i64 tags:strs args:pairs
  270 mesos m internal k | json:str
  272 container m process - =324 | json:str
  274 setsid s process - | > res:pid
  276 mkdir s file - | mode:u32/hex > res:err path:path
  278 rmdir s file - | > res:err path:path
  280 notification m other k | id:str desc:str
  282 execve s process - =292 | > *exec *memory comm:str cgroups:buf env:buf tty:i32
  284 unshare s process - | flags:f32.clone_flags/hex > res:err
  286 infra m internal k | source:str name:str description:str scope:str
  288 execve s process - =292 | filename:path > *exec *memory comm:str cgroups:buf env:buf tty:i32
  290 page_fault t other k | addr:u64/hex ip:u64/hex error:f32.pf_flags/hex
  292 execve s process - | filename:path > *exec *memory comm:str cgroups:buf env:buf tty:u32 vpgid:pid loginuid:uid flags:f32.execve_flags/hex cap_inheritable:u64/hex cap_permitted:u64/hex cap_effective:u64/hex exe_ino:u64 exe_ino_ctime:atime exe_ino_mtime:atime uid:uid trusted_exepath:path pgid:pid gid:gid
  294 setpgid s process - | pid:pid pgid:pid > res:pid
  296 bpf s other c =368 | cmd:i64 > res_or_fd:dyn.bpf
  298 seccomp s other - | op:u64 flags:u64/hex > res:err
  300 unlink s file - | > res:err path:path
  302 unlinkat s file - | > res:err dirfd:fd name:rel@1 flags:f32.unlinkat_flags/hex
  304 mkdirat s file - | > res:err dirfd:fd path:rel@1 mode:u32/hex
  306 openat s file c | dirfd:fd name:rel@0 flags:f32.file_flags/hex mode:u32/oct > fd:fd dirfd:fd name:rel@1 flags:f32.file_flags/hex mode:u32/oct dev:u32/hex ino:u64 fullpath:path
  308 link s file - | > res:err oldpath:path newpath:path
  310 linkat s file - | > res:err olddir:fd oldpath:rel@1 newdir:fd newpath:rel@3 flags:f32.linkat_flags/hex
  312 fchmodat s file - | > res:err dirfd:fd filename:rel@1 mode:mode.chmod_mode/oct
  314 chmod s file - | > res:err filename:path mode:mode.chmod_mode/oct
  316 fchmod s file u | > res:err fd:fd mode:mode.chmod_mode/oct
  318 renameat2 s file - | > res:err olddirfd:fd oldpath:rel@1 newdirfd:fd newpath:rel@3 flags:f32.renameat2_flags/hex
  320 userfaultfd s file c | > res:err flags:f32.file_flags/hex
  322 pluginevent p other l | plugin_id:u32 event_data:buf
  324 container m process l | json:str
  326 openat2 s file c | dirfd:fd name:rel@0 flags:f32.file_flags/hex mode:u32/oct resolve:f32.openat2_flags/hex > fd:fd dirfd:fd name:rel@1 flags:f32.file_flags/hex mode:u32/oct resolve:f32.openat2_flags/hex dev:u32/hex ino:u64 fullpath:path
  328 mprotect s memory - | addr:u64/hex length:u64 prot:f32.prot_flags/hex > res:err
  330 execveat s process - | dirfd:fd pathname:rel@0 flags:f32.execveat_flags/hex > *exec *memory comm:str cgroups:buf env:buf tty:u32 vpgid:pid loginuid:uid flags:f32.execve_flags/hex cap_inheritable:u64/hex cap_permitted:u64/hex cap_effective:u64/hex exe_ino:u64 exe_ino_ctime:atime exe_ino_mtime:atime uid:uid trusted_exepath:path pgid:pid gid:gid
  332 copy_file_range s file urw | fdin:fd offin:u64 len:u64 > res:err fdout:fd offout:u64
  334 clone3 s process - | > *clone *memory comm:str cgroups:buf flags:f32.clone_flags/hex uid:u32 gid:u32 vtid:pid vpid:pid pidns_init_start_ts:u64
  336 open_by_handle_at s file c | > fd:fd mountfd:fd flags:f32.file_flags/hex path:path dev:u32/hex ino:u64
  338 io_uring_setup s io_other c | > res:err entries:u32 sq_entries:u32 cq_entries:u32 flags:f32.io_uring_setup_flags/hex sq_thread_cpu:u32 sq_thread_idle:u32 features:f32.io_uring_setup_feats/hex
  340 io_uring_enter s io_other u | > res:err fd:fd to_submit:u32 min_complete:u32 flags:f32.io_uring_enter_flags/hex sig:sigset
  342 io_uring_register s io_other u | > res:err fd:fd opcode:e16.io_uring_register_opcodes arg:u64/hex nr_args:u32
  344 mlock s memory - | > res:err addr:u64/hex len:u64
  346 munlock s memory - | > res:err addr:u64/hex len:u64
  348 mlockall s memory - | > res:err flags:f32.mlockall_flags/hex
  350 munlockall s memory - | > res:err
  352 capset s process - | > res:err cap_inheritable:u64/hex cap_permitted:u64/hex cap_effective:u64/hex
  354 useradded m process - | uid:u32 gid:u32 name:str home:str shell:str container_id:str
  356 userdeleted m process - | uid:u32 gid:u32 name:str home:str shell:str container_id:str
  358 groupadded m process - | gid:u32 name:str container_id:str
  360 groupdeleted m process - | gid:u32 name:str container_id:str
  362 dup2 s io_other cu | fd:fd > res:fd oldfd:fd newfd:fd
  364 dup3 s io_other cu | fd:fd > res:fd oldfd:fd newfd:fd flags:f32.file_flags/hex
  366 dup s io_other cu | fd:fd > res:fd oldfd:fd
  368 bpf s other c | cmd:i64 > fd:fd cmd:e32.bpf_commands
  370 mlock2 s memory - | > res:err addr:u64/hex len:u64 flags:f32.mlock2_flags/hex
  372 fsconfig s system u | > res:err fd:fd cmd:e32.fsconfig_cmds key:str value_bytebuf:buf value_charbuf:str aux:i32
  374 epoll_create s wait c | size:i32 > res:err
  376 epoll_create1 s wait c | flags:f32.epoll_create1_flags/hex > res:err
  378 chown s file - | > res:err path:path uid:u32 gid:u32
  380 lchown s file - | > res:err path:path uid:u32 gid:u32
  382 fchown s file u | > res:err fd:fd uid:u32 gid:u32
  384 fchownat s file - | > res:err dirfd:fd pathname:rel@1 uid:u32 gid:u32 flags:f32.fchownat_flags/hex
  386 umount s file - | > res:err name:path
  388 accept4 s net c | flags:i32/hex > fd:fd tuple:tuple queuepct:u8 queuelen:u32 queuemax:u32
  390 umount2 s file - | flags:f32.umount_flags/hex > res:err name:path
  392 pipe2 s ipc c | > res:err fd1:fd fd2:fd ino:u64 flags:f32.file_flags/hex
  394 inotify_init1 s ipc c | > res:fd flags:f16.file_flags/hex
  396 eventfd2 s ipc c | initval:u64 > res:fd flags:f16.file_flags/hex
  398 signalfd4 s signal c | fd:fd mask:u32/hex > res:fd flags:f16.file_flags/hex
  400 prctl s process - | > res:err option:e32.prctl_options arg2_str:str arg2_int:i64
  402 asyncevent m other l | plugin_id:u32 name:str data:buf
  404 memfd_create s memory c | > fd:fd name:str flags:f32.memfd_create_flags/hex
  406 pidfd_getfd s process c | > fd:fd pid_fd:fd target_fd:fd flags:u32/hex
  408 pidfd_open s process c | > fd:fd pid:pid flags:f32.pidfd_open_flags/hex
  410 init_module s other - | > res:err img:buf length:u64 uargs:str
  412 finit_module s other ur | > res:err fd:fd uargs:str flags:f32.finit_module_flags/hex
  414 mknod s other - | > res:err path:path mode:mode.mknod_mode/oct dev:u32
  416 mknodat s other u | > res:err dirfd:fd path:rel@1 mode:mode.mknod_mode/oct dev:u32
  418 newfstatat s file u | > res:err dirfd:fd path:rel@1 flags:f32.newfstatat_flags/hex
  420 process_vm_readv s ipc - | > res:i64 pid:pid data:buf
  422 process_vm_writev s ipc - | > res:i64 pid:pid data:buf
  424 delete_module s other - | > res:err name:str flags:f32.delete_module_flags/hex
  426 setreuid s user - | > res:err ruid:uid euid:uid
  428 setregid s user - | > res:err rgid:uid egid:uid
`;
