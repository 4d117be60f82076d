/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The calls of calls.h. When they return: tp_btf/sys_exit (5.5), which every system call passes, the 32-bit ones of x86-64 too. It looks
 * the number up in a table of one byte a number, and only what somebody wants goes on (docs/decisions.md: what
 * that costs). What a program handed over as text can be rewritten by another
 * thread while the kernel works, so calls with texts are read at their entry as well, by tp/syscalls/sys_enter_* of each that is wanted
 * (one for all calls would take 55 ns from each), and both are kept where they differ; paths and sockets are the kernel's own objects.
 * Misses: io_uring (ring.bpf.h); the entry of 32-bit calls, which have no tracepoints; a text that is changed and changed back between the entry, the
 * kernel's own reading and the exit.
 */
VD_SCRATCH(vd_call_scratch_map, struct vd_call_scratch);
VD_SCRATCH(vd_entry_scratch_map, struct vd_call_entry);

/*
 * Attached by the loader to the entry of each call with texts whose kind is wanted. The tracepoint's own layout is read as memory, since the
 * kernel refuses a program that touches more arguments than a call has; those behind its last one are never used.
 */
SEC("tp/syscalls/sys_enter_symlink")
int vd_call_enter(void *context)
{
	struct { __u64 common; __u64 number; __u64 arguments[8]; } call = {};
	struct vd_call_entry *entry;
	__u32 zero = 0, row, shape;
	__u16 flags = 0;
	__u64 thread;

	bpf_probe_read_kernel(&call, 64, context);
	call.number = (__u32)call.number;
	vd_opaque(call.number);
	if (call.number >= VD_NUMBERS_MAX)
		return 0;
	row = ((const volatile __u8 *)vd_rows_native)[call.number];
	shape = vd_rows[row & 255].shape;
	/* most of what is sent goes to a peer that the socket knows */
	if (!row || (shape_address(shape) && !argument_at(call.arguments, shape_address(shape))) || !task_in_scope((void *)bpf_get_current_task()))
		return 0;
	entry = bpf_map_lookup_elem(&vd_entry_scratch_map, &zero);
	if (!entry)
		return 0;
	read_texts(entry, call.arguments, shape, 0, &flags);
	if (!entry->bytes[0] && !entry->bytes[1])
		return 0;
	entry->call = row;
	thread = bpf_get_current_pid_tgid();
	bpf_map_update_elem(&vd_call_entries, &thread, entry, BPF_ANY);
	return 0;
}

/* Is a call of this row wanted? Two do what a call of another kind does: unlinkat removes directories, and socket may make the standard input. */
static __always_inline int row_wanted(__u32 row, long result)
{
	__u32 kind = vd_rows[row & 255].kind;

	if (kind_wanted(kind))
		return 1;
	if (row == VD_ROW_unlinkat)
		return kind_wanted(VD_RMDIR);
	return row == VD_ROW_socket && (unsigned long)result < 3 && kind_wanted(VD_DUP);
}

/* The program that goes on with a call; VD_EXIT_NONE when nobody wants it. */
static __always_inline __u32 exit_of(struct pt_regs *registers, __u32 row, int by_32_bit, long result)
{
	__u32 kind = vd_rows[row & 255].kind;

	switch (kind) {
	case VD_OPEN_FAILED:
		if (result >= 0)
			return VD_EXIT_OPEN;
		break;
	case VD_ACCEPT:
		return VD_EXIT_ACCEPT;
	case VD_MAP_ANONYMOUS:
		if (by_32_bit)
			return VD_EXIT_MAP;
		break;
	case VD_CONNECT_UNIX:
		return by_32_bit ? VD_EXIT_CALL : VD_EXIT_CONNECT;
	case VD_RECEIVE:
		if (!by_32_bit && result >= 12 && kind_wanted(VD_DNS))
			return VD_EXIT_RECEIVE;
		if (row == VD_ROW_recvfrom && !by_32_bit && !fifth_argument(registers))
			return VD_EXIT_NONE;
		break;
	case VD_SEND:	/* most of what is sent goes to a peer that the socket knows */
		if (row == VD_ROW_sendto && !by_32_bit && !fifth_argument(registers))
			return VD_EXIT_NONE;
		break;
	}
	return row_wanted(row, result) ? VD_EXIT_CALL : VD_EXIT_NONE;
}

/* Every call of the machine passes here: one read of the registers, one look-up, and out. */
SEC("tp_btf/sys_exit")
int vd_call_exit(unsigned long long *context)
{
	struct pt_regs *registers = (void *)context[0];
	int by_32_bit;
	__u32 row = row_of_call(registers, call_number(registers), &by_32_bit), next;

	if (!row)
		return 0;
	next = exit_of(registers, row, by_32_bit, (long)context[1]);
	if (next != VD_EXIT_NONE)
		bpf_tail_call(context, &vd_exits, next);
	return 0;
}

#define AT_REMOVEDIR 0x200
#define PR_SET_NAME 15
#define OPEN_TREE_CLONE 1
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

/* The commands that bring code or objects into the kernel or hand them on; reading and writing tables is what its users do all day. */
#define VD_BPF_COMMANDS (1ull << 0 | 1ull << 5 | 1ull << 6 | 1ull << 7 | 1ull << 8 | 1ull << 13 | 1ull << 14 | 1ull << 17 | 1ull << 18 | \
			 1ull << 28 | 1ull << 29 | 1ull << 36)

/* What of a kind is reported: the rest is of no interest to anybody. May correct the kind. */
static __always_inline int is_reported(struct vd_call *record, struct task_struct *task)
{
	const __u64 *arguments = record->arguments;

	switch (record->header.kind) {
	case VD_OPEN_FAILED:
		return record->result < 0;
	case VD_MPROTECT:
		return makes_executable(task, arguments[2]);
	case VD_MAP_ANONYMOUS:
		return (arguments[3] & MAP_ANONYMOUS) && makes_executable(task, arguments[2]);
	case VD_MOUNT:	/* without this a tree is only looked at */
		return (record->call != VD_ROW_open_tree && record->call != VD_ROW_open_tree_attr) || (arguments[2] & OPEN_TREE_CLONE);
	case VD_KILL:	/* runtimes signal their own threads all the time */
		if (record->call == VD_ROW_tkill)
			return (__u32)arguments[0] != record->header.tid;
		return !((record->call == VD_ROW_tgkill || record->call == VD_ROW_rt_tgsigqueueinfo) && (__u32)arguments[0] == record->header.tgid);
	case VD_UNLINK:
		if (record->call == VD_ROW_unlinkat && (arguments[2] & AT_REMOVEDIR))
			record->header.kind = VD_RMDIR;
		return kind_wanted(record->header.kind);
	case VD_BPF:
		return record->header.tgid != cfg_loader && arguments[0] < 64 && (VD_BPF_COMMANDS >> (arguments[0] & 63) & 1);
	case VD_DUP:
		if (record->call == VD_ROW_fcntl || record->call == VD_ROW_fcntl64)
			return ((__u32)arguments[1] == F_DUPFD || (__u32)arguments[1] == F_DUPFD_CLOEXEC) && record->result >= 0;
		return record->result >= 0;
	default:
		return 1;
	}
}

static __always_inline void fill_state(struct vd_call *record, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	record->cap_effective = capabilities(cred, 1);
	record->cap_permitted = capabilities(cred, 0);
	record->gid = BPF_CORE_READ(cred, gid.val);
	record->effective_uid = BPF_CORE_READ(cred, euid.val);
	record->session_id = pid_at_level(BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]), 0);
	record->process_group = pid_at_level(BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]), 0);
}

/* The name of a unix socket, or of its peer, as a sockaddr_un. Returns its bytes. */
static __always_inline __u32 unix_name(struct sock *sock, int of_peer, char *out)
{
	struct unix_sock *one = (void *)sock;
	struct unix_address *address;
	__u64 length;

	if (of_peer)
		one = (void *)BPF_CORE_READ(one, peer);
	address = BPF_CORE_READ(one, addr);
	if (!address)
		return 0;
	length = BPF_CORE_READ(address, len);
	if (length > 127)
		length = 127;
	vd_opaque(length);
	length &= 127;
	return bpf_probe_read_kernel(out, length, (char *)address + bpf_core_field_offset(struct unix_address, name)) ? 0 : length;
}

/* Both ends of the descriptor's socket, and its identity as a file. Returns the socket. */
static __always_inline struct sock *fill_descriptor(struct vd_call *record, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct vd_socket ends = {};
	struct socket *socket;
	struct sock *sock;

	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->mode = BPF_CORE_READ(inode, i_mode);
	if ((record->mode & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	fill_socket(&ends, sock);
	record->family = ends.family;
	record->protocol = ends.protocol;
	record->local_port = ends.local_port;
	record->remote_port = ends.remote_port;
	record->network_namespace = ends.network_namespace;
	__builtin_memcpy(record->local_address, ends.local_address, 16);
	__builtin_memcpy(record->remote_address, ends.remote_address, 16);
	return sock;
}

/* Appends `bytes` of one of the texts, and returns the new length of the data. */
static __always_inline __u64 append(struct vd_call_scratch *scratch, __u64 at, const char *text, __u64 bytes)
{
	vd_opaque(at);
	if (at > 4 * VD_TEXT_BYTES_MAX)
		return at;
	if (bytes > VD_TEXT_BYTES_MAX)
		bytes = VD_TEXT_BYTES_MAX;
	vd_opaque(bytes);
	if (bytes > VD_TEXT_BYTES_MAX)
		return at;
	bpf_probe_read_kernel(scratch->data + at, bytes, text);
	return at + bytes;
}

/* Texts at the exit, and those of the entry where they were others. Returns the length of the data. */
static __always_inline __u64 fill_texts(struct vd_call_scratch *scratch, __u32 shape, struct sock *sock)
{
	struct vd_call *record = &scratch->record;
	struct vd_call_entry *now = &scratch->entry, *entry = 0;
	__u64 thread = bpf_get_current_pid_tgid(), at = 0;

	if (!(shape_text(shape) || shape_address(shape) || shape_message(shape)))
		return 0;
	read_texts(now, record->arguments, shape, record->call_flags & VD_C_32_BIT, &record->call_flags);
	if (sock && record->family == AF_UNIX)
		now->bytes[1] = unix_name(sock, record->header.kind == VD_CONNECT_UNIX, now->text + VD_TEXT_BYTES_MAX);
	at = append(scratch, at, now->text, record->text_bytes[0] = now->bytes[0]);
	at = append(scratch, at, now->text + VD_TEXT_BYTES_MAX, record->text_bytes[1] = now->bytes[1]);
	if (record->header.kind == VD_OPEN_FAILED || shape & VD_FILLED)
		return at;
	entry = bpf_map_lookup_elem(&vd_call_entries, &thread);
	if (!entry || entry->call != record->call) {
		if (now->bytes[0] || now->bytes[1])
			record->call_flags |= VD_C_ENTRY_MISSING;
		return at;
	}
	if (!same_text(now, entry, 0)) {
		record->call_flags |= VD_C_CHANGED;
		at = append(scratch, at, entry->text, record->entry_bytes[0] = entry->bytes[0]);
	}
	if (shape_second(shape) && !same_text(now, entry, 1)) {
		record->call_flags |= VD_C_CHANGED;
		at = append(scratch, at, entry->text + VD_TEXT_BYTES_MAX, record->entry_bytes[1] = entry->bytes[1]);
	}
	bpf_map_delete_elem(&vd_call_entries, &thread);
	return at;
}

struct vd_place { struct vfsmount *mount; struct dentry *dentry; };

static __always_inline void place_of_file(struct vd_place *place, struct file *file)
{
	place->mount = BPF_CORE_READ(file, f_path.mnt);
	place->dentry = BPF_CORE_READ(file, f_path.dentry);
}

/*
 * A path that begins with one of the process's own descriptors (/proc/self/fd/7/…, /dev/fd/7) begins at the kernel's own object: which
 * number, or -1. The sensor knows the same three beginnings (call-paths.ts).
 */
static __always_inline int descriptor_of_text(const char *text)
{
	__u32 at = 0;
	int fd = 0;

	if (*(const __u64 *)text == 0x65732f636f72702full && *(const __u32 *)(text + 8) == 0x662f666c && *(const __u16 *)(text + 12) == 0x2f64)
		at = 14;	/* /proc/self/fd/ */
	else if (*(const __u64 *)text == 0x2f64662f7665642full)
		at = 8;		/* /dev/fd/ */
	else if (*(const __u64 *)text == 0x68742f636f72702full && *(const __u64 *)(text + 8) == 0x6c65732d64616572ull && *(const __u32 *)(text + 16) == 0x64662f66 && text[20] == '/')
		at = 21;	/* /proc/thread-self/fd/ */
	else
		return -1;
	for (int i = 0; i < 7; i++) {
		char one = text[at + i];

		if (one < '0' || one > '9')
			return i ? fd : -1;
		fd = fd * 10 + (one - '0');
	}
	return -1;
}

/* Where a relative text begins: at the descriptor in argument `at`, or at the working directory. */
static __always_inline void place_of_text(struct vd_place *place, struct task_struct *task, const struct vd_call *record, __u32 at)
{
	if (at && (__s32)argument_at(record->arguments, at) >= 0) {
		place_of_file(place, file_of_fd(task, (__u32)argument_at(record->arguments, at)));
		return;
	}
	place->mount = BPF_CORE_READ(task, fs, pwd.mnt);
	place->dentry = BPF_CORE_READ(task, fs, pwd.dentry);
}

static __always_inline struct file *file_of_call(struct task_struct *task, const struct vd_call *record, __u32 shape)
{
	__u32 which = shape_descriptor(shape);

	if (!which)
		return 0;
	if (which == 7)
		return record->result < 0 ? 0 : file_of_fd(task, (__u32)record->result);
	return file_of_fd(task, (__u32)argument_at(record->arguments, which));
}

/* Which of the kernel's objects says where the text begins, or what the call was about; none: an absolute path says it itself. */
static __always_inline void choose_place(struct vd_place *place, struct vd_call_scratch *scratch, struct task_struct *task, __u32 shape, __u32 which)
{
	struct vd_call *record = &scratch->record;
	int fd;

	if (which) {
		if (record->text_bytes[1] && scratch->entry.text[VD_TEXT_BYTES_MAX] != '/')
			place_of_text(place, task, record, shape_second_at(shape));
		else if (record->text_bytes[1] > 9 && (fd = descriptor_of_text(scratch->entry.text + VD_TEXT_BYTES_MAX)) >= 0)
			place_of_file(place, file_of_fd(task, fd));
	} else if (shape & VD_ROOT) {
		place->mount = BPF_CORE_READ(task, fs, root.mnt);
		place->dentry = BPF_CORE_READ(task, fs, root.dentry);
	} else if (shape & VD_DIRECTORY) {
		place->mount = BPF_CORE_READ(task, fs, pwd.mnt);
		place->dentry = BPF_CORE_READ(task, fs, pwd.dentry);
	} else if (shape_descriptor(shape)) {
		if (record->mode && (record->mode & S_IFMT) != S_IFSOCK)
			place_of_file(place, file_of_call(task, record, shape));
	} else if (record->text_bytes[0] && scratch->entry.text[0] != '/') {
		place_of_text(place, task, record, shape_text_at(shape));
	} else if (record->text_bytes[0] > 9 && (fd = descriptor_of_text(scratch->entry.text)) >= 0) {
		place_of_file(place, file_of_fd(task, fd));
	}
}

/* Of the calls on sockets: is it the sort of socket that its kind is about? */
static __always_inline int is_reported_socket(const struct vd_call *record, struct sock *sock)
{
	switch (record->header.kind) {
	case VD_DUP:
		return sock != 0;
	case VD_CONNECT_UNIX:	/* other connections have hooks of their own, which the 32-bit interface does not pass */
		return record->family == AF_UNIX || (record->call_flags & VD_C_32_BIT && (record->family == AF_INET || record->family == AF_INET6));
	default:
		return 1;
	}
}

/* Datagrams: the first to or from each peer by each (container, executable, port). Returns 1 when this one is the first. */
static __always_inline int is_first_datagram(struct vd_call_scratch *scratch, struct task_struct *task, struct vd_mark_key *key)
{
	struct vd_call *record = &scratch->record;
	const char *address = scratch->entry.text;
	__u32 marks = switch_value(VD_SWITCH_MARKS), *known;
	__u16 family = *(const __u16 *)address;

	fill_mark_key(key, &record->header, task, 0, record->header.kind);
	key->device = (__u32)record->local_port << 16 | *(const __u16 *)(address + 2);
	key->inode = family == AF_INET6 ? *(const __u64 *)(address + 8) : *(const __u32 *)(address + 4);
	key->ctime_ns = family == AF_INET6 ? *(const __u64 *)(address + 16) : 0;
	known = bpf_map_lookup_elem(&vd_marks, key);
	return !(known && *known == marks);
}

/* Opens that fail: the first of each (container, executable, path, error), since programs try the same places again and again. */
static __always_inline int is_first_failure(struct vd_call_scratch *scratch, struct task_struct *task, struct vd_mark_key *key)
{
	struct vd_call *record = &scratch->record;
	__u32 marks = switch_value(VD_SWITCH_MARKS), *known;
	__u64 hash = 14695981039346656037ull;

	for (__u32 i = 0; i < VD_TEXT_BYTES_MAX; i++) {
		if (i >= record->text_bytes[0])
			break;
		hash = (hash ^ (__u8)scratch->entry.text[i]) * 1099511628211ull;
	}
	fill_mark_key(key, &record->header, task, 0, VD_OPEN_FAILED);
	key->inode = hash;
	key->device = (__u32)-record->result;
	known = bpf_map_lookup_elem(&vd_marks, key);
	return !(known && *known == marks);
}

/* Is the descriptor a datagram socket without a peer of its own? Asked first, since most of what is sent and received is not. */
static __always_inline int is_free_datagram_socket(struct file *file)
{
	struct socket *socket;
	struct sock *sock;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	return BPF_CORE_READ(sock, sk_protocol) == IPPROTO_UDP && !BPF_CORE_READ(sock, __sk_common.skc_dport);
}

static __always_inline void clear(struct vd_call *record)
{
	__builtin_memset((char *)record + sizeof(record->header), 0, sizeof(*record) - sizeof(record->header));
}

#define S_ISUID 04000
#define S_ISGID 02000

/* Of calls the sensor goes by the execution, which stays the container's when its process enters the host's mounts. */
static __always_inline int is_in_container(const struct vd_header *header)
{
	struct vd_decision *decision;

	if (task_mount_namespace((void *)bpf_get_current_task()) != switch_value(VD_SWITCH_HOST_MOUNTS))
		return 1;
	decision = decision_of(header);
	return decision && decision->flags & VD_D_CONTAINER;
}

/* What of a call is wanted by one of its texts, as it is now; where it was another at first, each. */
static __always_inline __u32 call_want(struct vd_call_scratch *scratch, const struct vd_interests *wants, __u32 which)
{
	struct vd_call *record = &scratch->record;
	__u32 kind = record->header.kind, bytes = record->text_bytes[which & 1];
	__u64 have = 0, mode;

	if (!kind_judged(wants, kind))
		return kind == VD_OPEN_FAILED ? VD_WANT_FIRST : VD_WANT_EACH;
	if (is_canary() || record->call_flags & (VD_C_CHANGED | VD_C_TEXT_TRUNCATED | VD_C_TEXT_MISSING) || made_of_another(record))
		return VD_WANT_EACH;
	mode = record->call == VD_ROW_chmod || record->call == VD_ROW_fchmod ? record->arguments[1] : record->arguments[2];
	if (kind == VD_CHMOD && mode & (S_ISUID | S_ISGID))
		have = VD_I_SET_ID;
	have |= outcome_of(record->result);
	if (is_in_container(&record->header))
		have |= VD_I_CONTAINER;
	if (is_socket_kind(kind))
		note_call_socket(&scratch->facts, record, scratch->entry.text);
	else if (bytes > 1)
		note_text(&scratch->facts, wants, scratch->ends, scratch->entry.text + (which & 1) * VD_TEXT_BYTES_MAX, bytes, &scratch->base[which & 1]);
	else
		know_nothing(&scratch->facts);
	/* a text may lead through links: only its last name is what it says, and not even that where the call follows a link at the end */
	if (kind != VD_OPEN_FAILED && !is_socket_kind(kind)) {
		scratch->facts.head_known = 0;
		scratch->facts.inside = scratch->facts.pairs = ~0ull;
		if (kind == VD_CHMOD || kind == VD_CHOWN || kind == VD_TRUNCATE || (kind == VD_LINK && !which))
			scratch->facts.last_known = 0;
	}
	judge_interest(wants, kind, &scratch->facts, have, which);
	return scratch->facts.want;
}

/* Walks the path behind one of the texts, or of the call's descriptor, behind the data that is there. */
static __always_inline void walk_place(struct vd_call_scratch *scratch, const struct vd_interests *wants, __u32 which)
{
	volatile struct vd_path_facts *base = &scratch->base[which & 1];
	struct vd_call *record = &scratch->record;
	volatile __u16 *bytes = &record->path_bytes[which & 1];
	__u32 at = *(volatile __u32 *)&scratch->data_bytes, kind = record->header.kind;
	struct vd_place place = {};

	know_nothing(base);
	choose_place(&place, scratch, (void *)bpf_get_current_task(), vd_rows[record->call & 255].shape, which & 1);
	vd_opaque(at);
	if (!place.dentry || at > 4 * VD_TEXT_BYTES_MAX + VD_PATH_BYTES_MAX)
		return;
	forget_facts(base);
	path_walk(place.mount, place.dentry, scratch->data + at, bytes, &record->header.flags, base, wants);
	if (wants->paired >> (kind & 63) & 1)
		note_pairs(base, scratch->data + at, *bytes);
	/* the root itself has no components, and what a link names begins at the link */
	if (!base->components || (kind == VD_SYMLINK && !which))
		know_nothing(base);
	scratch->data_bytes = at + *bytes;
}

/* These two on their own for the verifier, which then follows them once and not by every way that leads there. */
__noinline int vd_call_place(__u32 which)
{
	const struct vd_interests *wants = interests_now();
	__u32 zero = 0;
	struct vd_call_scratch *scratch = bpf_map_lookup_elem(&vd_call_scratch_map, &zero);

	if (wants && scratch)
		walk_place(scratch, wants, which);
	return 0;
}

__noinline int vd_call_want(__u32 which)
{
	const struct vd_interests *wants = interests_now();
	__u32 zero = 0;
	struct vd_call_scratch *scratch = bpf_map_lookup_elem(&vd_call_scratch_map, &zero);

	return wants && scratch ? call_want(scratch, wants, which) : VD_WANT_NOT;
}

#define VD_MESSAGES_MAX 16

/* Of the messages of one sendmmsg each is told by a run of its own: which one this is. The thread is the token, since another may come between. */
static __always_inline __u32 message_of(struct vd_call_scratch *scratch)
{
	if (scratch->message_thread != bpf_get_current_pid_tgid())
		return 0;
	scratch->message_thread = 0;
	return scratch->message;
}

static __always_inline int next_message(unsigned long long *context, struct vd_call_scratch *scratch, __u32 message)
{
	if (scratch->record.call != VD_ROW_sendmmsg || (__s64)message + 1 >= scratch->record.result || message + 1 >= VD_MESSAGES_MAX)
		return 0;
	scratch->message_thread = bpf_get_current_pid_tgid();
	scratch->message = message + 1;
	bpf_tail_call(context, &vd_exits, VD_EXIT_CALL);
	scratch->message_thread = 0;
	return 0;
}

SEC("tp_btf/sys_exit")
int vd_call(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *registers = (void *)context[0];
	struct vd_call_scratch *scratch;
	struct vd_call *record;
	__u32 zero = 0, row, shape;
	struct sock *sock = 0;
	struct file *file;
	int by_32_bit = 0, datagram;
	struct vd_mark_key key = {};
	__u32 marks, want, message = 0;
	__u64 at;

	row = row_of_call(registers, call_number(registers), &by_32_bit);
	if (!row || !row_wanted(row, (long)context[1]) || !task_in_scope(task))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_call_scratch_map, &zero);
	if (!scratch)
		return 0;
	record = &scratch->record;
	clear(record);
	record->header.kind = vd_rows[row & 255].kind;
	record->header.tgid = bpf_get_current_pid_tgid() >> 32;
	record->header.tid = (__u32)bpf_get_current_pid_tgid();
	record->call = row;
	record->call_flags = by_32_bit ? VD_C_32_BIT : 0;
	record->result = by_32_bit ? (__s32)context[1] : (__s64)context[1];
	call_arguments(registers, by_32_bit, record->arguments);
	if (row == VD_ROW_sendmmsg) {
		message = message_of(scratch);
		record->arguments[1] += message * (by_32_bit ? 32 : 64);
	}
	if (!is_reported(record, task))
		return 0;
	shape = vd_rows[row & 255].shape;
	file = file_of_call(task, record, shape);
	datagram = record->header.kind == VD_SEND || record->header.kind == VD_RECEIVE;
	if (datagram && (!file || !is_free_datagram_socket(file) || (record->result < 0 && record->header.kind == VD_RECEIVE)))
		return 0;
	if (file)
		sock = fill_descriptor(record, file);
	fill_header(&record->header, record->header.kind, task);
	if (shape_descriptor(shape) && !is_reported_socket(record, sock))
		return 0;
	at = fill_texts(scratch, shape, sock);
	if (datagram && (!record->text_bytes[0] || !is_first_datagram(scratch, task, &key)))
		return next_message(context, scratch, message);
	scratch->data_bytes = at;
	vd_call_place(0);
	if (shape_second(shape))
		vd_call_place(1);
	want = vd_call_want(0);
	if (shape_second(shape))
		want |= vd_call_want(1);
	if (want == VD_WANT_NOT)
		return next_message(context, scratch, message);
	if (record->header.kind == VD_OPEN_FAILED && !(want & VD_WANT_EACH) && !is_first_failure(scratch, task, &key))
		return 0;
	if (row == VD_ROW_mount || (row == VD_ROW_prctl && record->arguments[0] == PR_SET_NAME))
		bpf_probe_read_user_str(record->local_address, sizeof(record->local_address), (void *)record->arguments[row == VD_ROW_mount ? 2 : 1]);
	fill_state(record, task);
	at = *(volatile __u32 *)&scratch->data_bytes;
	vd_opaque(at);
	if (at > 4 * VD_TEXT_BYTES_MAX + 2 * VD_PATH_BYTES_MAX)
		return 0;
	at += sizeof(*record);
	if (emit_limited(record, at, 0) && (datagram || (record->header.kind == VD_OPEN_FAILED && !(want & VD_WANT_EACH)))) {
		marks = switch_value(VD_SWITCH_MARKS);
		bpf_map_update_elem(&vd_marks, &key, &marks, BPF_ANY);
	}
	return next_message(context, scratch, message);
}
