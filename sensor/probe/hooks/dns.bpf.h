/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What name servers answer: when recvfrom, recvmsg or recvmmsg returns (call.bpf.h) with a datagram from port 53, the message is taken from
 * where the kernel has just put it; so it could be rewritten by another thread of the same program, which then deceives itself and is
 * believed as far as names for its own container go. Misses: answers over TCP, TLS and HTTPS; other ports than 53; those taken by read (as
 * Go's own resolver does) or io_uring, or by 32-bit programs; further messages of one recvmmsg; what is longer than 1,024 bytes.
 */
VD_SCRATCH(vd_dns_scratch_map, struct vd_dns_scratch);

struct vd_message_head { __u64 name; __u32 name_bytes; __u32 pad; __u64 pieces; __u64 piece_count; };

/* Where the received bytes are, and the port that they came from as the call told it; 0: it did not. */
static __always_inline __u64 received_at(const __u64 *arguments, __u32 row, __u16 *port)
{
	struct vd_message_head head = {};
	__u64 name, bytes = 0;

	if (row == VD_ROW_recvfrom) {
		name = arguments[4];
		bytes = arguments[1];
	} else {
		if (bpf_probe_read_user(&head, sizeof(head), (void *)arguments[1]))
			return 0;
		name = head.name;
		bpf_probe_read_user(&bytes, sizeof(bytes), (void *)head.pieces);
	}
	if (name)
		bpf_probe_read_user(port, sizeof(*port), (void *)(name + 2));
	return bytes;
}

SEC("tp_btf/sys_exit")
int vd_dns(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *registers = (void *)context[0];
	struct vd_dns_scratch *scratch;
	__u64 arguments[8] = {}, bytes = context[1], from;
	__u32 zero = 0, row;
	struct socket *socket;
	struct sock *sock;
	struct file *file;
	int by_32_bit;
	__u16 port;

	call_arguments(registers, 0, arguments);
	file = file_of_fd(task, (__u32)arguments[0]);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sock, sk_protocol) != IPPROTO_UDP || !task_in_scope(task))
		return 0;
	row = row_of_call(registers, call_number(registers), &by_32_bit);
	port = BPF_CORE_READ(sock, __sk_common.skc_dport);
	from = received_at(arguments, row, &port);
	if (row == VD_ROW_recvmmsg)	/* its answer counts messages */
		bytes = VD_DNS_BYTES_MAX / 2;
	scratch = bpf_map_lookup_elem(&vd_dns_scratch_map, &zero);
	if (port != __builtin_bswap16(53) || !from || bytes > VD_DNS_BYTES_MAX || !scratch)
		goto others;
	fill_header(&scratch->record.header, VD_DNS, task);
	vd_opaque(bytes);
	bytes &= VD_DNS_BYTES_MAX * 2 - 1;
	if (bpf_probe_read_user(scratch->data, bytes, (void *)from))
		goto others;
	scratch->record.message_bytes = bytes;
	bytes += sizeof(scratch->record);
	vd_opaque(bytes);
	if (bytes > sizeof(*scratch))
		goto others;
	emit_limited(scratch, bytes, 0);
others:
	if (kind_wanted(VD_RECEIVE))
		bpf_tail_call(context, &vd_exits, VD_EXIT_CALL);
	return 0;
}
