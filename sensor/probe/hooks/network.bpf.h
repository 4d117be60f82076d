/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Connections. connect: tp/syscalls/sys_enter_connect copies the address asked for; when the call returns (call.bpf.h) the
 * socket's own addresses are taken. accept: when it returns, from the accepted socket. listen:
 * raw_tp/inet_sock_set_state with the new state LISTEN (4.16), which has the socket and the process at once. IPv4 and
 * IPv6; addresses are always 16 bytes. Connections to unix sockets, those by the 32-bit interface and datagrams without a
 * connection are calls like others. A TCP connection that no connect asked for (io_uring, the first data with TCP fast
 * open, the 32-bit interface) is told when its first packet leaves, by the same tracepoint with the new state SYN_SENT.
 * Misses: a listening socket that existed before the sensor.
 */
static __always_inline void mapped_address(__u8 *out, __be32 address)
{
	__builtin_memset(out, 0, 10);
	out[10] = 0xff;
	out[11] = 0xff;
	__builtin_memcpy(out + 12, &address, 4);
}

static __always_inline __u16 host_order(__be16 port)
{
	return __builtin_bswap16(port);
}

static __always_inline struct sock *socket_of_fd(struct task_struct *task, unsigned int fd)
{
	struct file *file = file_of_fd(task, fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Both ends as the socket knows them. Returns 0 for another family. */
static __always_inline int fill_socket(struct vd_socket *record, struct sock *sock)
{
	__u16 family = BPF_CORE_READ(sock, __sk_common.skc_family);

	record->family = family;
	record->protocol = BPF_CORE_READ(sock, sk_protocol);
	record->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
	record->remote_port = host_order(BPF_CORE_READ(sock, __sk_common.skc_dport));
	record->network_namespace = BPF_CORE_READ(sock, __sk_common.skc_net.net, ns.inum);
	if (family == AF_INET) {
		mapped_address(record->local_address, BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr));
		mapped_address(record->remote_address, BPF_CORE_READ(sock, __sk_common.skc_daddr));
		return 1;
	}
	if (family != AF_INET6)
		return 0;
	bpf_core_read(record->local_address, 16, &sock->__sk_common.skc_v6_rcv_saddr);
	bpf_core_read(record->remote_address, 16, &sock->__sk_common.skc_v6_daddr);
	return 1;
}

SEC("tp/syscalls/sys_enter_connect")
int vd_connect_enter(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct { __u16 family; __be16 port; __be32 address4; __u8 address6[16]; __u32 scope; } asked = {};
	struct vd_connect_entry entry = { .fd = ctx->args[0] };
	__u64 thread = bpf_get_current_pid_tgid();
	struct vd_header header;

	if (ctx->args[2] < 16 || !task_in_scope(task))
		return 0;
	/* sockaddr_in is 16 bytes, sockaddr_in6 28: family, port, then address or flow label and address */
	if (bpf_probe_read_user(&asked, 16, (void *)ctx->args[1]))
		return 0;
	if (asked.family == AF_INET)
		mapped_address(entry.address, asked.address4);
	else if (asked.family != AF_INET6 || bpf_probe_read_user(entry.address, 16, (void *)ctx->args[1] + 8))
		return 0;
	entry.family = asked.family;
	entry.port = host_order(asked.port);
	if (bpf_map_update_elem(&vd_connects, &thread, &entry, BPF_ANY)) {
		fill_header(&header, VD_CONNECT, task);
		count_lost(&header, VD_CONNECT, VD_LOST_MAP_FULL);
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int vd_connect(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 thread = bpf_get_current_pid_tgid();
	struct vd_connect_entry *entry = bpf_map_lookup_elem(&vd_connects, &thread);
	struct vd_socket record = {};
	struct sock *sock;

	if (!entry) {	/* another family, or out of our scope */
		bpf_tail_call(context, &vd_exits, VD_EXIT_CALL);
		return 0;
	}
	fill_header(&record.header, VD_CONNECT, task);
	sock = socket_of_fd(task, entry->fd);
	if (sock)
		fill_socket(&record, sock);
	/* a refused connection has lost its peer again, and a racing thread may have changed the descriptor: what was asked counts */
	record.family = entry->family;
	record.remote_port = entry->port;
	__builtin_memcpy(record.remote_address, entry->address, 16);
	record.result = context[1];
	bpf_map_delete_elem(&vd_connects, &thread);
	if (socket_wanted(&record))
		emit_limited(&record, sizeof(record), 0);
	return 0;
}

SEC("tp_btf/sys_exit")
int vd_accept(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_socket record = {};
	long fd = (long)context[1];
	struct sock *sock;

	if (fd < 0 || !task_in_scope(task))
		return 0;
	sock = socket_of_fd(task, fd);
	if (!sock || !fill_socket(&record, sock))
		return 0;
	fill_header(&record.header, VD_ACCEPT, task);
	if (socket_wanted(&record))
		emit_limited(&record, sizeof(record), 0);
	return 0;
}

#define EINPROGRESS 115

SEC("raw_tp/inet_sock_set_state")
int vd_listen(struct bpf_raw_tracepoint_args *ctx)
{
	int state = (int)ctx->args[2];
	struct task_struct *task;
	struct vd_socket record = {};

	if (state != TCP_LISTEN && state != TCP_SYN_SENT)
		return 0;
	task = (void *)bpf_get_current_task();
	if (!task_in_scope(task))
		return 0;
	if (state == TCP_SYN_SENT) {
		__u64 thread = bpf_get_current_pid_tgid();

		/* connect tells of its own when it returns, and the kernel's own connections are nobody's */
		if (bpf_map_lookup_elem(&vd_connects, &thread) || BPF_CORE_READ(task, flags) & PF_KTHREAD)
			return 0;
		record.result = -EINPROGRESS;
	}
	if (!fill_socket(&record, (void *)ctx->args[0]))
		return 0;
	if (state == TCP_SYN_SENT)	/* of MPTCP the sockets below the program's own */
		record.protocol = IPPROTO_TCP;
	fill_header(&record.header, state == TCP_LISTEN ? VD_LISTEN : VD_CONNECT, task);
	if (socket_wanted(&record))
		emit_limited(&record, sizeof(record), 0);
	return 0;
}
