/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Operations of io_uring that do what a call of calls.h does. They are no system calls, and run in the process's own thread, in a worker or
 * in a polling thread of the kernel. raw_tp/io_uring_submit_req (6.4) has the request after the kernel has made its own copies of names and
 * addresses, so no other thread can change them; raw_tp/io_uring_complete and, where the queue of answers is full, io_uring_cqe_overflow
 * have what became of it. An open that succeeded is told by the file itself, anything else as the call that it stands for. A request whose
 * answer is not traced (IOSQE_CQE_SKIP_SUCCESS, two under way with one name, too many) is told when it is handed in, as if it succeeded.
 * Misses: receiving, extended attributes, accepts that go on, a link that an unanswered open went through.
 */
struct vd_ring_key { __u64 ring; __u64 user_data; };
#define VD_RING_DATA (2 * VD_TEXT_BYTES_MAX + 2 * VD_PATH_BYTES_MAX)
struct vd_ring_kept { struct vd_call record; __u32 bytes; __u32 slot; char data[VD_RING_DATA]; };
/* What was handed in and is not done: at most 1,024 × 3.3 KiB, allocated as needed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, 1);
	__type(key, struct vd_ring_key);
	__type(value, struct vd_ring_kept);
} vd_ring_requests SEC(".maps");

struct vd_ring_scratch { struct vd_ring_kept kept; char slack[4096]; struct { struct vd_call record; char data[VD_RING_DATA]; } out; };
VD_SCRATCH(vd_ring_submit_scratch, struct vd_ring_scratch);
VD_SCRATCH(vd_ring_done_scratch, struct vd_ring_scratch);
VD_SCRATCH(vd_ring_overflow_scratch, struct vd_ring_scratch);

#define REQ_F_FIXED_FILE 1
#define REQ_F_CQE_SKIP (1 << 6)
#define VD_RING_NO_SLOT 0

/* Numbers of the operations, which are for ever. */
static __always_inline __u32 row_of_operation(__u8 operation)
{
	switch (operation) {
	case 9: case 48:
		return VD_ROW_sendmsg;
	case 16:
		return VD_ROW_connect;
	case 18:
		return VD_ROW_openat;
	case 26: case 47:
		return VD_ROW_sendto;
	case 28:
		return VD_ROW_openat2;
	case 35:
		return VD_ROW_renameat2;
	case 36:
		return VD_ROW_unlinkat;
	case 37:
		return VD_ROW_mkdirat;
	case 38:
		return VD_ROW_symlinkat;
	case 39:
		return VD_ROW_linkat;
	case 45:
		return VD_ROW_socket;
	case 55:
		return VD_ROW_ftruncate;
	case 56:
		return VD_ROW_bind;
	default:
		return VD_ROW_none;
	}
}

static __always_inline struct file *file_of_slot(struct io_ring_ctx *ring, __u32 slot)
{
	struct io_rsrc_node **nodes, *node = 0;

	if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
		return 0;
	nodes = BPF_CORE_READ(ring, file_table.data.nodes);
	bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
	return (void *)(BPF_CORE_READ(node, file_ptr) & ~7ul);
}

static __always_inline void ring_name(struct vd_ring_kept *kept, __u32 which, struct filename *name)
{
	__u64 at = which ? kept->record.text_bytes[0] : 0;
	const char *text = BPF_CORE_READ(name, name);
	long length;

	if (at > VD_TEXT_BYTES_MAX)
		return;
	vd_opaque(at);
	at &= VD_TEXT_BYTES_MAX * 2 - 1;
	length = bpf_probe_read_kernel_str(kept->data + at, VD_TEXT_BYTES_MAX, text);
	for (int i = 0; i < 8 && length == VD_TEXT_BYTES_MAX; i++) {	/* of a long one the end, as of calls */
		long rest = bpf_probe_read_kernel_str(kept->data + at, VD_TEXT_BYTES_MAX, text += VD_TEXT_BYTES_MAX - 1);

		if (rest > 0 && rest < VD_TEXT_BYTES_MAX) {
			bpf_probe_read_kernel_str(kept->data + at, VD_TEXT_BYTES_MAX, text + rest - VD_TEXT_BYTES_MAX);
			break;
		}
	}
	kept->record.text_bytes[which] = length < 0 ? 0 : length;
	if (length == VD_TEXT_BYTES_MAX)
		kept->record.call_flags |= VD_C_TEXT_TRUNCATED;
}

/* A socket address that the kernel has copied. */
static __always_inline void ring_address(struct vd_ring_kept *kept, struct io_kiocb *request, int length)
{
	struct io_async_msghdr *message = BPF_CORE_READ(request, async_data);
	__u64 bytes = length < 0 ? 0 : length > 127 ? 127 : length;

	vd_opaque(bytes);
	bytes &= 127;
	if (!message || bpf_probe_read_kernel(kept->data, bytes, (char *)message + bpf_core_field_offset(struct io_async_msghdr, addr)))
		return;
	kept->record.text_bytes[0] = bytes;
}

/* What the operation was handed: the arguments in the places that the call has them. */
static __always_inline void ring_arguments(struct vd_ring_kept *kept, struct io_kiocb *request)
{
	__u64 *arguments = kept->record.arguments;

	switch (kept->record.call) {
	case VD_ROW_openat: case VD_ROW_openat2: {
		struct io_open *one = (void *)request;

		arguments[0] = BPF_CORE_READ(one, dfd);
		arguments[2] = BPF_CORE_READ(one, how.flags);
		arguments[3] = BPF_CORE_READ(one, how.mode);
		kept->slot = BPF_CORE_READ(one, file_slot);
		ring_name(kept, 0, BPF_CORE_READ(one, filename));
		break;
	}
	case VD_ROW_unlinkat: case VD_ROW_mkdirat: {
		struct io_unlink *one = (void *)request;

		arguments[0] = BPF_CORE_READ(one, dfd);
		arguments[2] = BPF_CORE_READ(one, flags);	/* of mkdirat the mode, in the same place */
		ring_name(kept, 0, BPF_CORE_READ(one, filename));
		break;
	}
	case VD_ROW_renameat2: case VD_ROW_linkat: case VD_ROW_symlinkat: {
		struct io_rename *one = (void *)request;
		int symbolic = kept->record.call == VD_ROW_symlinkat;

		arguments[0] = symbolic ? 0 : BPF_CORE_READ(one, old_dfd);
		arguments[1] = BPF_CORE_READ(one, new_dfd);
		arguments[2] = BPF_CORE_READ(one, new_dfd);
		arguments[4] = BPF_CORE_READ(one, flags);
		ring_name(kept, 0, BPF_CORE_READ(one, oldpath));
		ring_name(kept, 1, BPF_CORE_READ(one, newpath));
		break;
	}
	case VD_ROW_socket: {
		struct io_socket *one = (void *)request;

		arguments[0] = BPF_CORE_READ(one, domain);
		arguments[1] = BPF_CORE_READ(one, type);
		arguments[2] = BPF_CORE_READ(one, protocol);
		break;
	}
	case VD_ROW_ftruncate:
		arguments[1] = BPF_CORE_READ((struct io_ftrunc *)request, len);
		break;
	case VD_ROW_connect: {
		struct io_connect *one = (void *)request;
		int length = BPF_CORE_READ(one, addr_len);
		__u64 bytes = length < 0 ? 0 : length > 127 ? 127 : length;

		/* copied only when the connection is made: what the socket then has counts (ring_connected) */
		vd_opaque(bytes);
		bytes &= 127;
		if (!bpf_probe_read_user(kept->data, bytes, BPF_CORE_READ(one, addr)))
			kept->record.text_bytes[0] = bytes;
		break;
	}
	case VD_ROW_bind:
		ring_address(kept, request, BPF_CORE_READ((struct io_bind *)request, addr_len));
		break;
	default: {
		struct io_async_msghdr *message = BPF_CORE_READ(request, async_data);

		ring_address(kept, request, BPF_CORE_READ(message, msg.msg_namelen));
	}
	}
}

/* The socket or file that the operation is about, as far as there is one before it is done. Returns 0 when it is of no interest. */
static __always_inline int ring_descriptor(struct vd_ring_kept *kept, struct io_kiocb *request, struct task_struct *task, struct vd_place *place)
{
	struct vd_call *record = &kept->record;
	__u32 fd = BPF_CORE_READ(request, cqe.fd);
	struct file *file = BPF_CORE_READ(request, flags) & REQ_F_FIXED_FILE ? file_of_slot(BPF_CORE_READ(request, ctx), fd) : file_of_fd(task, fd);
	struct sock *sock;

	record->arguments[0] = fd;
	kept->slot = BPF_CORE_READ(request, flags) & REQ_F_FIXED_FILE;
	if (!file)
		return 0;
	if (record->header.kind == VD_SEND && (!record->text_bytes[0] || !is_free_datagram_socket(file)))
		return 0;
	sock = fill_descriptor(record, file);
	if (!sock)
		place_of_file(place, file);
	return 1;
}

static __always_inline void ring_paths(struct vd_ring_kept *kept, struct vd_place *places)
{
	struct vd_call *record = &kept->record;
	__u64 at = (__u64)record->text_bytes[0] + record->text_bytes[1];

	vd_opaque(at);
	if (at > 2 * VD_TEXT_BYTES_MAX)
		return;
	if (places[0].dentry)
		path_components(places[0].mount, places[0].dentry, kept->data + at, &record->path_bytes[0], &record->header.flags);
	at += *(volatile __u16 *)&record->path_bytes[0];
	vd_opaque(at);
	if (at > 2 * VD_TEXT_BYTES_MAX + VD_PATH_BYTES_MAX)
		return;
	if (places[1].dentry)
		path_components(places[1].mount, places[1].dentry, kept->data + at, &record->path_bytes[1], &record->header.flags);
	at += *(volatile __u16 *)&record->path_bytes[1];
	kept->bytes = at;
}

/* A connection that has sent its first packet is told by the socket (network.bpf.h). */
static __always_inline int told_by_socket(const struct vd_call *record)
{
	if (record->header.kind != VD_CONNECT_UNIX || record->family == AF_UNIX || (record->protocol != IPPROTO_TCP && record->protocol != IPPROTO_MPTCP))
		return 0;
	switch (record->result) {
	case 0: case -104: case -110: case -111: case -113: case -115: case -125:
		return 1;
	default:
		return 0;
	}
}

/* Head and data stand apart in what is kept: the record has them in one piece. */
static __always_inline void ring_emit(struct vd_ring_scratch *scratch, const struct vd_ring_kept *kept)
{
	__u64 bytes = kept->bytes;

	if (told_by_socket(&kept->record) || (kept->record.header.kind == VD_OPEN_FAILED ? 0 : !kind_wanted(kept->record.header.kind)))
		return;
	scratch->out.record = kept->record;
	vd_opaque(bytes);
	if (bytes > VD_RING_DATA)
		return;
	bpf_probe_read_kernel(scratch->out.data, bytes, kept->data);
	emit_limited(&scratch->out.record, sizeof(scratch->out.record) + bytes, 0);
}

SEC("raw_tp/io_uring_submit_req")
int vd_ring_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct io_kiocb *request = (void *)ctx->args[0];
	struct vd_place places[2] = {};
	struct vd_ring_scratch *scratch;
	__u32 zero = 0, row = row_of_operation(BPF_CORE_READ(request, opcode)), kind = vd_rows[row & 255].kind, shape = vd_rows[row & 255].shape;
	struct vd_ring_kept *kept;
	struct vd_ring_key key;
	char first;

	if (!row || (kind != VD_OPEN_FAILED && !kind_wanted(kind) && !(row == VD_ROW_unlinkat && kind_wanted(VD_RMDIR))) || !task_in_scope(task))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_ring_submit_scratch, &zero);
	if (!scratch)
		return 0;
	kept = &scratch->kept;
	clear(&kept->record);
	kept->bytes = kept->slot = 0;
	fill_header(&kept->record.header, kind, task);
	kept->record.call = row;
	kept->record.call_flags = VD_C_RING;
	ring_arguments(kept, request);
	if (row == VD_ROW_unlinkat && (kept->record.arguments[2] & AT_REMOVEDIR))
		kept->record.header.kind = VD_RMDIR;
	if (shape_descriptor(shape) && shape_descriptor(shape) != 7 && !ring_descriptor(kept, request, task, &places[0]))
		return 0;
	fill_state(&kept->record, task);
	first = kept->data[0];
	if (!shape_descriptor(shape) && kept->record.text_bytes[0] && first != '/' && row != VD_ROW_symlinkat)
		place_of_text(&places[0], task, &kept->record, shape_text_at(shape));
	bpf_probe_read_kernel(&first, 1, kept->data + (kept->record.text_bytes[0] & (VD_TEXT_BYTES_MAX * 2 - 1)));
	if (kept->record.text_bytes[1] && first != '/')
		place_of_text(&places[1], task, &kept->record, shape_second_at(shape));
	ring_paths(kept, places);
	key.ring = (__u64)BPF_CORE_READ(request, ctx);
	key.user_data = BPF_CORE_READ(request, cqe.user_data);
	if (BPF_CORE_READ(request, flags) & REQ_F_CQE_SKIP || bpf_map_update_elem(&vd_ring_requests, &key, kept, BPF_NOEXIST))
		ring_emit(scratch, kept);
	return 0;
}

/* The file that an open made, in the process's table or in the ring's own. Returns 0 when it cannot be found. */
static __always_inline int ring_opened(__u32 program, struct vd_file_scratch *scratch, struct io_ring_ctx *ring, const struct vd_ring_kept *kept, __s32 result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 slot = kept->slot, mode;
	struct inode *inode;
	struct file *file;

	if (BPF_CORE_READ(task, tgid) != kept->record.header.tgid)
		return 0;
	if (slot == VD_RING_NO_SLOT)
		file = file_of_fd(task, result);
	else
		file = file_of_slot(ring, slot == 0xffffffff ? (__u32)result : slot - 1);
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode)
		return 0;
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 1;
	mode = BPF_CORE_READ(file, f_mode);
	scratch->record.result = result;
	scratch->record.call = kept->record.call;
	scratch->record.asked_flags = kept->record.arguments[2];
	scratch->record.asked_mode = kept->record.arguments[3];
	scratch->record.open_flags = BPF_CORE_READ(file, f_flags);
	if (mode & FMODE_WRITE)
		report_wanted(program, scratch, task, file, inode, VD_OPEN_WRITE);
	else if (mode & FMODE_READ)
		report_wanted(program, scratch, task, file, inode, VD_OPEN_READ);
	return 1;
}

/* Both ends as the socket has them now, and the name of a unix socket's peer. */
static __always_inline void ring_connected(struct vd_ring_kept *kept, struct io_ring_ctx *ring)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_call *record = &kept->record;
	__u64 at = record->text_bytes[0];
	struct file *file;
	struct sock *sock;

	if (record->result < 0 || BPF_CORE_READ(task, tgid) != record->header.tgid)
		return;
	file = kept->slot ? file_of_slot(ring, record->arguments[0]) : file_of_fd(task, record->arguments[0]);
	sock = fill_descriptor(record, file);
	vd_opaque(at);
	if (!sock || at > 127)
		return;
	if (record->family == AF_UNIX) {
		record->text_bytes[1] = unix_name(sock, 1, kept->data + at);
		kept->bytes = at + record->text_bytes[1];
	} else if (record->remote_port) {	/* the sensor then takes the socket's */
		kept->bytes = record->text_bytes[0] = 0;
	}
}

static __always_inline void ring_done(__u32 program, struct vd_ring_scratch *scratch, struct io_ring_ctx *ring, __u64 user_data, __s32 result)
{
	struct vd_ring_key key = { .ring = (__u64)ring, .user_data = user_data };
	struct vd_ring_kept *kept = bpf_map_lookup_elem(&vd_ring_requests, &key);
	struct vd_file_scratch *opened = file_scratch(program);

	if (!kept || !opened)
		return;
	kept->record.result = result;
	if (kept->record.header.kind == VD_CONNECT_UNIX)
		ring_connected(kept, ring);
	if (kept->record.header.kind != VD_OPEN_FAILED || result < 0 ? kind_wanted(kept->record.header.kind) : !ring_opened(program, opened, ring, kept, result))
		ring_emit(scratch, kept);
	bpf_map_delete_elem(&vd_ring_requests, &key);
}

SEC("raw_tp/io_uring_complete")
int vd_ring_complete(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *request = (void *)ctx->args[1];
	struct vd_ring_scratch *scratch;
	__u32 zero = 0;

	if (!request || row_of_operation(BPF_CORE_READ(request, opcode)) == VD_ROW_none)
		return 0;
	scratch = bpf_map_lookup_elem(&vd_ring_done_scratch, &zero);
	if (scratch)
		ring_done(VD_RING_OPENED, scratch, (void *)ctx->args[0], BPF_CORE_READ(request, cqe.user_data), BPF_CORE_READ(request, cqe.res));
	return 0;
}

SEC("raw_tp/io_uring_cqe_overflow")
int vd_ring_overflow(struct bpf_raw_tracepoint_args *ctx)
{
	struct vd_ring_scratch *scratch;
	__u32 zero = 0;

	scratch = bpf_map_lookup_elem(&vd_ring_overflow_scratch, &zero);
	if (scratch)
		ring_done(VD_RING_OVERFLOW_OPENED, scratch, (void *)ctx->args[0], ctx->args[1], (__s32)ctx->args[2]);
	return 0;
}
