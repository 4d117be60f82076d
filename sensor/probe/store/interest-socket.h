/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Sockets as they are judged: what is known of one stands in the places of a path (sensor/socket-row.ts writes the interests so). Local port,
 * remote port, family and protocol are the first word, the remote address the second and the last, what the call returned the number of
 * components. All of it is in the record that would be made, so a rule would see the same.
 */
#ifndef VEDETTE_STORE_INTEREST_SOCKET_H
#define VEDETTE_STORE_INTEREST_SOCKET_H

static __always_inline int is_socket_kind(__u32 kind)
{
	return (1ull << VD_SOCKET | 1ull << VD_BIND | 1ull << VD_SEND | 1ull << VD_RECEIVE | 1ull << VD_DUP | 1ull << VD_CONNECT_UNIX) >> (kind & 63) & 1;
}

static __always_inline void note_socket(volatile struct vd_path_facts *facts, __u64 ends, __u64 first_half, __u64 second_half, __s32 result)
{
	forget_facts(facts);
	facts->first = ends;
	facts->second = first_half;
	facts->last = second_half;
	facts->components = result;
}

static __always_inline __u64 ends_of(__u16 local_port, __u16 remote_port, __u16 family, __u16 protocol)
{
	return (__u64)local_port | (__u64)remote_port << 16 | (__u64)family << 32 | (__u64)protocol << 48;
}

/* Failed or succeeded, as a bit, without a branch that the verifier would follow both ways. */
static __always_inline __u64 outcome_of(__s64 result)
{
	return VD_I_SUCCEEDED >> ((__u64)result >> 63);
}

/* Rules can ask for the family that a socket was asked of and for the one it has: where they differ, no one word is both. */
static __always_inline int made_of_another(const struct vd_call *record)
{
	return record->header.kind == VD_SOCKET && record->family && record->family != (__u16)record->arguments[0];
}

/* Where the call was given an address, or was told one, that is the remote one (decode/call-event.ts, givenAddress); else the socket's own. */
static __always_inline void note_call_socket(volatile struct vd_path_facts *facts, const struct vd_call *record, const char *given)
{
	__u16 family = *(const volatile __u16 *)given, port = record->remote_port;
	__u64 first = *(const __u64 *)record->remote_address, second = *(const __u64 *)(record->remote_address + 8);
	__u32 bytes = record->text_bytes[0];

	if (bytes >= 8 && family == AF_INET) {
		port = __builtin_bswap16(*(const volatile __u16 *)(given + 2));
		first = 0;
		second = 0xffff0000ull | (__u64)*(const volatile __u32 *)(given + 4) << 32;
	} else if (bytes >= 24 && family == AF_INET6) {
		port = __builtin_bswap16(*(const volatile __u16 *)(given + 2));
		first = *(const volatile __u64 *)(given + 8);
		second = *(const volatile __u64 *)(given + 16);
	}
	/* of a socket that is made the family asked for, which a call that failed has too */
	note_socket(facts, ends_of(record->local_port, port, record->header.kind == VD_SOCKET ? (__u16)record->arguments[0] : record->family, record->protocol), first, second, (__s32)record->result);
}

/* On its own for the verifier, which then follows it once for all three hooks. */
__noinline int vd_socket_want(__u32 kind, __u64 ends, __u64 first_half, __u64 second_half, __s32 result)
{
	const struct vd_interests *wants = interests_now();
	struct vd_path_facts facts;

	if (!wants)
		return VD_WANT_EACH;
	note_socket(&facts, ends, first_half, second_half, result);
	facts.name = name_now(wants, kind);
	judge_list(wants, kind, 0, &facts, outcome_of(result), 0);
	return facts.want;
}

/* Of the records that have hooks of their own (network.bpf.h). */
static __always_inline int socket_wanted(const struct vd_socket *record)
{
	const struct vd_interests *wants = interests_now();
	__u32 kind = record->header.kind;

	if (!wants || !kind_judged(wants, kind) || is_canary())
		return 1;
	return vd_socket_want(kind, ends_of(record->local_port, record->remote_port, record->family, record->protocol),
			      *(const __u64 *)record->remote_address, *(const __u64 *)(record->remote_address + 8), record->result);
}

#endif
