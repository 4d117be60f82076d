/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The texts that a call was given: names, paths and socket addresses in the program's own memory, each bounded. What cannot be read is
 * said to be missing; of what is longer the end is kept, since that is where a path leads, and it is said to be cut. They can change at any time; who reads them twice can compare them.
 */
#ifndef VEDETTE_EXTRACT_TEXT_H
#define VEDETTE_EXTRACT_TEXT_H

/* `arguments` has room for eight, so that a place from the table needs no more than a mask. */
static __always_inline __u64 argument_at(const __u64 *arguments, __u32 place)
{
	return *(const __u64 *)((const char *)arguments + ((place - 1) & 7) * 8);
}

/* The text, or of a long one the last VD_TEXT_BYTES_MAX - 1 bytes: piece after piece until its end is met. */
static __always_inline long read_end(char *out, const char *from)
{
	long length = bpf_probe_read_user_str(out, VD_TEXT_BYTES_MAX, from);

	for (int i = 0; i < 8 && length == VD_TEXT_BYTES_MAX; i++) {
		from += VD_TEXT_BYTES_MAX - 1;
		length = bpf_probe_read_user_str(out, VD_TEXT_BYTES_MAX, from);
		if (length > 0 && length < VD_TEXT_BYTES_MAX) {
			bpf_probe_read_user_str(out, VD_TEXT_BYTES_MAX, from + length - VD_TEXT_BYTES_MAX);
			return VD_TEXT_BYTES_MAX;
		}
	}
	return length;
}

/* At most VD_TEXT_BYTES_MAX bytes; a text ends in NUL, a socket address has its length. Returns the bytes, or below 0. */
static __always_inline long read_text(char *out, const void *from, int is_address, __u64 length)
{
	if (!from)
		return 0;
	if (!is_address)
		return read_end(out, from);
	if (length > 127)
		length = 127;
	vd_opaque(length);
	length &= 127;
	return bpf_probe_read_user(out, length, from) ? -1 : (long)length;
}

/* The address that a call on a socket was given, or was told: at the argument itself or in the message there. Returns its bytes. */
static __always_inline long read_address(char *out, const __u64 *arguments, __u32 shape, int by_32_bit)
{
	__u32 address = shape_address(shape), message = shape_message(shape), length = 0;
	__u64 from;

	if (message) {
		struct { __u64 name; __u32 length; } wide = {};
		struct { __u32 name; __u32 length; } narrow = {};
		const void *head = (void *)argument_at(arguments, message);

		if (by_32_bit ? bpf_probe_read_user(&narrow, sizeof(narrow), head) : bpf_probe_read_user(&wide, 12, head))
			return -1;
		from = by_32_bit ? narrow.name : wide.name;
		length = by_32_bit ? narrow.length : wide.length;
	} else {
		from = argument_at(arguments, address);
		length = argument_at(arguments, address + 1);
		if (from && (shape & VD_FILLED) && bpf_probe_read_user(&length, sizeof(length), (void *)argument_at(arguments, address + 1)))
			return -1;
	}
	return read_text(out, (void *)from, 1, length);
}

/* Reads the call's texts into `entry`; each has its fixed place there. */
static __always_inline void read_texts(struct vd_call_entry *entry, const __u64 *arguments, __u32 shape, int by_32_bit, __u16 *flags)
{
	__u32 first = shape_text(shape), second = shape_second(shape);
	long length = 0;

	if (first)
		length = read_text(entry->text, (void *)argument_at(arguments, first), 0, 0);
	else if (shape_address(shape) || shape_message(shape))
		length = read_address(entry->text, arguments, shape, by_32_bit);
	if (length < 0)
		*flags |= VD_C_TEXT_MISSING;
	if (length == VD_TEXT_BYTES_MAX)
		*flags |= VD_C_TEXT_TRUNCATED;
	entry->bytes[0] = length < 0 ? 0 : length;
	length = 0;
	if (second)
		length = read_text(entry->text + VD_TEXT_BYTES_MAX, (void *)argument_at(arguments, second), 0, 0);
	if (length < 0)
		*flags |= VD_C_TEXT_MISSING;
	if (length == VD_TEXT_BYTES_MAX)
		*flags |= VD_C_TEXT_TRUNCATED;
	entry->bytes[1] = length < 0 ? 0 : length;
}

static __always_inline void know_nothing(volatile struct vd_path_facts *facts)
{
	facts->head_known = facts->last_known = 0;
	facts->inside = ~0u;
	facts->pairs = ~0ull;
	facts->want = 0;
}

/* One component of a text, without the links that it may go through. `..` takes one away again, never one of the first two unnoticed. */
static __always_inline void note_text_component(volatile struct vd_path_facts *facts, const struct vd_interests *wants, const char *text, __u32 at, __u32 length)
{
	__u32 depth = facts->components;
	__u64 head, tail, first;

	facts->last_known = 0;
	vd_opaque(at);
	vd_opaque(length);
	at &= VD_TEXT_BYTES_MAX - 1;
	length &= VD_TEXT_BYTES_MAX - 1;
	if (!length)
		return;
	first = *(const __u64 *)(text + at);
	head = component_head(first, length);
	if (head == '.')
		return;
	tail = length < 8 ? short_tail(first, length) : *(const __u64 *)(text + at + length - 8);
	facts->inside |= inside_bits(wants, tail);
	if (head == ('.' | '.' << 8)) {
		if (depth < 3)
			facts->head_known = 0;
		if (depth)
			facts->components = depth - 1;
		return;
	}
	if (depth == 0)
		facts->first = head;
	if (depth == 1)
		facts->second = head;
	facts->last = tail;
	facts->last_known = ~0ull;
	facts->components = depth + 1;
}

#define VD_ENDS_MAX 32			/* components of a text; one with more is not judged */
#define VD_PROC 0x636f7270ull		/* "proc", "self", "thread-s", as heads */
#define VD_SELF 0x666c6573ull
#define VD_THREAD_SELF 0x732d646165726874ull
#define VD_DEV 0x766564ull		/* "dev", "fd" */
#define VD_FD 0x6466ull

/*
 * What is judged of a path as it was given, a relative one behind its base. Its end is known unless it is `.`, `..` or nothing; where it
 * begins, only if it does not leave its first two components by `..`. Where it goes by what /proc and /dev offer of the process itself
 * (its root, its directory, its descriptors), nothing is known. `bytes` counts the NUL.
 */
static __always_inline void note_text(volatile struct vd_path_facts *facts, const struct vd_interests *wants, volatile __u16 *ends, const char *text, __u32 bytes,
				      const volatile struct vd_path_facts *base)
{
	__u32 begin = 0;

	forget_facts(facts);
	facts->ends = 0;
	for (__u32 i = 0; i < VD_TEXT_BYTES_MAX; i++) {
		__u32 now, at;

		if (i >= bytes)
			break;
		now = *(const volatile __u8 *)(text + i);
		if (i)
			facts->pairs |= VD_PAIR_BIT(*(const volatile __u8 *)(text + i - 1), now);
		if (now && now != '/')
			continue;
		at = facts->ends;
		vd_opaque(at);
		ends[at & (VD_ENDS_MAX - 1)] = i;
		facts->ends = at + 1;
	}
	if (facts->ends > VD_ENDS_MAX) {
		know_nothing(facts);
		return;
	}
	/* nothing stands before the slash of an absolute path */
	for (__u32 i = 0; i < VD_ENDS_MAX; i++) {
		__u32 end;

		if (i >= facts->ends)
			break;
		end = ends[i];
		if (end)
			note_text_component(facts, wants, text, begin, end - begin);
		begin = end + 1;
	}
	if (*text == '/' && !facts->head_known)
		know_nothing(facts);
	if (*text != '/') {
		facts->head_known &= base->head_known;
		facts->second = base->components > 1 ? base->second : facts->first;
		facts->first = base->first;
		facts->components += base->components;
		facts->inside |= base->inside;
		facts->pairs |= base->pairs;
	}
	if ((facts->first == VD_PROC && (facts->second == VD_SELF || facts->second == VD_THREAD_SELF)) || (facts->first == VD_DEV && facts->second == VD_FD))
		know_nothing(facts);
}

static __always_inline int same_text(const struct vd_call_entry *one, const struct vd_call_entry *other, __u32 which)
{
	const char *a = one->text + which * VD_TEXT_BYTES_MAX, *b = other->text + which * VD_TEXT_BYTES_MAX;
	__u32 bytes = one->bytes[which];

	if (bytes != other->bytes[which])
		return 0;
	for (__u32 i = 0; i < VD_TEXT_BYTES_MAX / 8; i++) {
		__u64 left, right;

		if (i * 8 >= bytes)
			return 1;
		left = *(const __u64 *)(a + i * 8);
		right = *(const __u64 *)(b + i * 8);
		if (i * 8 + 8 > bytes) {
			__u64 mask = (1ull << ((bytes - i * 8) * 8)) - 1;

			return !((left ^ right) & mask);
		}
		if (left != right)
			return 0;
	}
	return 1;
}

#endif
