// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * All kernel programs as one object, so that they share their maps. Order: the kernel's types, the contract, the maps,
 * extract (facts out of kernel objects), store (facts into the ring), hooks. Each layer uses only those above it.
 */
#define __BPF__ 1
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "event.h"
#include "maps.h"
#include "extract/read.h"
#include "extract/task.h"
#include "extract/path.h"
#include "extract/file.h"
#include "extract/call.h"
#include "extract/text.h"
#include "store/process-name.h"
#include "store/interest.h"
#include "store/interest-socket.h"
#include "store/record.h"
#include "hooks/exec.bpf.h"
#include "hooks/life.bpf.h"
#include "hooks/cgroup.bpf.h"
#include "hooks/file.bpf.h"
#include "hooks/network.bpf.h"
#include "hooks/call.bpf.h"
#include "hooks/ring.bpf.h"
#include "hooks/dns.bpf.h"
#include "hooks/isolate.bpf.h"

/* The helpers that read kernel memory and queue signals are offered to GPL-compatible programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Names in the object's BTF that a test compares with the decoder's offsets. */
struct vd_exec *_vd_exec_layout;
struct vd_fork *_vd_fork_layout;
struct vd_exit *_vd_exit_layout;
struct vd_cgroup *_vd_cgroup_layout;
struct vd_file *_vd_file_layout;
struct vd_socket *_vd_socket_layout;
struct vd_call *_vd_call_layout;
struct vd_dns *_vd_dns_layout;
struct vd_hello *_vd_hello_layout;
struct vd_hook *_vd_hook_layout;
struct vd_tick *_vd_tick_layout;
struct vd_cgroup_loss *_vd_cgroup_loss_layout;
struct vd_canary *_vd_canary_layout;
struct vd_table *_vd_table_layout;
