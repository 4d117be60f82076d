/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The kernel's types as far as the programs read them, and no further. Each is relocated at load by its BTF (CO-RE),
 * so order and size here mean nothing and one object serves x86-64 and arm64. A type___suffix is another kernel's
 * shape of the same type; which one is there is asked with bpf_core_field_exists before it is read.
 */
#ifndef VEDETTE_KERNEL_H
#define VEDETTE_KERNEL_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef _Bool bool;

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};
enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { int counter; } atomic_t;
typedef struct { __u32 val; } kuid_t;
typedef struct { __u32 val; } kgid_t;
typedef struct { __u64 val; } kernel_cap_t;
struct kernel_cap_struct___old { __u32 cap[2]; };

struct bpf_raw_tracepoint_args { __u64 args[0]; };
struct trace_event_raw_sys_enter { long id; unsigned long args[6]; };
struct trace_event_raw_sys_exit { long id; long ret; };

struct ns_common { unsigned int inum; };
struct mnt_namespace { struct ns_common ns; };
struct pid_namespace { struct ns_common ns; unsigned int level; };
struct net { struct ns_common ns; };
struct nsproxy { struct mnt_namespace *mnt_ns; void *uts_ns; void *ipc_ns; struct net *net_ns; void *cgroup_ns; };

struct hlist_head { struct hlist_node *first; };
struct qstr { __u32 hash; __u32 len; const unsigned char *name; };
struct super_block { __u32 s_dev; unsigned long s_magic; };
struct timespec64 { __s64 tv_sec; long tv_nsec; };
struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_generation;
	unsigned int i_nlink;
	__s64 i_size;
};
struct inode___611 { __s64 i_ctime_sec; __u32 i_ctime_nsec; };
struct inode___66 { struct timespec64 __i_ctime; };
struct inode___old { struct timespec64 i_ctime; };
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};
struct vfsmount { struct dentry *mnt_root; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file {
	unsigned int f_mode;
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags;
	struct path f_path;
};
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root; struct path pwd; };

struct uid_gid_extent { __u32 first; __u32 lower_first; __u32 count; };
struct uid_gid_map { __u32 nr_extents; struct uid_gid_extent extent[5]; };
struct user_namespace { struct uid_gid_map uid_map; int level; };
struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_permitted;
	struct user_namespace *user_ns;
};

struct kernfs_node { const char *name; __u64 id; };
struct cgroup;
struct cgroup_subsys_state { struct cgroup *cgroup; struct cgroup_subsys_state *parent; };
struct cgroup_root { int hierarchy_id; };
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
enum cgroup_subsys_id { pids_cgrp_id = 11 };
struct css_set { struct cgroup_subsys_state *subsys[16]; struct cgroup *dfl_cgrp; };

struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned int level; struct upid numbers[1]; };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };
struct tty_driver { int major; int minor_start; };
struct tty_struct { struct tty_driver *driver; int index; };
struct signal_struct { atomic_t live; struct pid *pids[4]; struct tty_struct *tty; };
struct mm_struct { unsigned long arg_start; unsigned long arg_end; unsigned long env_start; unsigned long env_end; struct file *exe_file; };
struct thread_info { __u32 status; };
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	unsigned int personality;
	int pid;
	int tgid;
	__u64 start_boottime;
	__u64 self_exec_id;
	int exit_code;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	kuid_t loginuid;
	char comm[16];
};
struct linux_binprm { struct file *file; const char *filename; const char *interp; };

struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };
typedef struct { struct net *net; } possible_net_t;
struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; __u16 sk_protocol; };
/* before 5.6 the protocol was a bit field; those kernels have no ring buffer either */
struct socket { struct sock *sk; };

struct sockaddr_un { unsigned short sun_family; };
struct unix_address { int len; struct sockaddr_un name[0]; };
struct unix_sock { struct sock sk; struct unix_address *addr; struct sock *peer; };

#ifdef __TARGET_ARCH_arm64
struct user_pt_regs { __u64 regs[31]; __u64 pstate; };
struct pt_regs { __u64 regs[31]; __u64 pstate; __u64 orig_x0; __s32 syscallno; };
#else
struct pt_regs { unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, orig_ax; };
#endif

/* io_uring, since 6.10; a request begins with what its operation keeps there */
struct filename { const char *name; };
struct open_how { __u64 flags; __u64 mode; };
struct io_rsrc_node { unsigned long file_ptr; };
struct io_rsrc_data { unsigned int nr; struct io_rsrc_node **nodes; };
struct io_file_table { struct io_rsrc_data data; };
struct io_ring_ctx { struct io_file_table file_table; };
struct io_cqe { __u64 user_data; __s32 res; int fd; };
struct io_kiocb { __u8 opcode; __u64 flags; struct io_cqe cqe; struct io_ring_ctx *ctx; void *async_data; };
struct io_open { int dfd; __u32 file_slot; struct filename *filename; struct open_how how; };
struct io_unlink { int dfd; int flags; struct filename *filename; };
struct io_rename { int old_dfd; int new_dfd; struct filename *oldpath; struct filename *newpath; int flags; };
struct io_socket { int domain; int type; int protocol; };
struct io_ftrunc { __s64 len; };
struct io_connect { void *addr; int addr_len; };
struct io_bind { int addr_len; };
struct msghdr { int msg_namelen; };
struct __kernel_sockaddr_storage { unsigned short ss_family; };
struct io_async_msghdr { struct msghdr msg; struct __kernel_sockaddr_storage addr; };

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id; __u64 seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };

/* overlayfs, whose types are private to the module; three layouts of what follows __upperdentry */
struct ovl_inode { struct inode vfs_inode; struct dentry *__upperdentry; };
struct ovl_inode___to518 { struct inode *lower; };
struct ovl_path___519 { struct dentry *dentry; };
struct ovl_inode___519 { struct ovl_path___519 lowerpath; };
struct ovl_entry { unsigned int __numlower; };
struct ovl_inode___65 { struct ovl_entry *oe; };

#pragma clang attribute pop

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define FMODE_READ 1
#define FMODE_WRITE 2
#define PF_KTHREAD 0x00200000
#define PROT_READ 1
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFSOCK 0140000
#define S_IFDIR 0040000
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define TCP_SYN_SENT 2
#define TCP_LISTEN 10
#define READ_IMPLIES_EXEC 0x0400000
#define SIGKILL 9

#endif
