/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which call of calls.h a thread is in, and its arguments: from the registers that the kernel saved at the entry, which it keeps until
 * the call returns. A 32-bit call (int 0x80 on x86-64, also by a 64-bit program) has numbers and registers of its own. The table is one
 * byte a number, so a call that is of no interest costs one look-up. Two old 32-bit calls keep their arguments in memory, where they are
 * read as they are when the call returns: socketcall, which is many calls, and the first mmap. Misses: the 32-bit interface of arm64.
 */
#ifndef VEDETTE_EXTRACT_CALL_H
#define VEDETTE_EXTRACT_CALL_H

#define VD_NUMBERS_MAX 512

/* Shapes of the rows. Argument n is kept as n + 1, so that 0 is none. */
#define VD_TEXT(n) (((n) + 1) << 0)
#define VD_SECOND(n) (((n) + 1) << 3)
#define VD_TEXT_AT(n, d) (VD_TEXT(n) | ((d) + 1) << 6)
#define VD_SECOND_AT(n, d) (VD_SECOND(n) | ((d) + 1) << 9)
#define VD_DESCRIPTOR(n) (((n) + 1) << 12)
#define VD_MADE (7 << 12)
#define VD_ADDRESS(n) (((n) + 1) << 15)
#define VD_MESSAGE(n) (((n) + 1) << 20)
#define VD_FILLED (1 << 23)
#define VD_DIRECTORY (1 << 18)
#define VD_ROOT (1 << 19)

#define shape_text(shape) ((shape) & 7)
#define shape_second(shape) ((shape) >> 3 & 7)
#define shape_text_at(shape) ((shape) >> 6 & 7)
#define shape_second_at(shape) ((shape) >> 9 & 7)
#define shape_descriptor(shape) ((shape) >> 12 & 7)
#define shape_address(shape) ((shape) >> 15 & 7)
#define shape_message(shape) ((shape) >> 20 & 7)

enum vd_row {
	VD_ROW_none,
#define VD_CALL(name, kind, x86_64, i386, arm64, shape) VD_ROW_##name,
#include "../calls.h"
#undef VD_CALL
	VD_ROW_MAX,
};
_Static_assert(VD_ROW_MAX < 256, "rows");

struct vd_row_facts { __u32 shape; __u32 kind; };
static const struct vd_row_facts vd_rows[256] = {
#define VD_CALL(name, kind_, x86_64, i386, arm64, shape_) [VD_ROW_##name] = { .shape = (shape_), .kind = (kind_) },
#include "../calls.h"
#undef VD_CALL
};

/* A number of -1 lands in a place of its own that no number reaches. */
#define vd_place(number, name) ((number) < 0 ? VD_NUMBERS_MAX + VD_ROW_##name : (number))
static const __u8 vd_rows_native[VD_NUMBERS_MAX + VD_ROW_MAX] = {
#ifdef __TARGET_ARCH_arm64
#define VD_CALL(name, kind, x86_64, i386, arm64, shape) [vd_place(arm64, name)] = VD_ROW_##name,
#else
#define VD_CALL(name, kind, x86_64, i386, arm64, shape) [vd_place(x86_64, name)] = VD_ROW_##name,
#endif
#include "../calls.h"
#undef VD_CALL
};
static const __u8 vd_rows_32_bit[VD_NUMBERS_MAX + VD_ROW_MAX] = {
#ifdef __TARGET_ARCH_x86
#define VD_CALL(name, kind, x86_64, i386, arm64, shape) [vd_place(i386, name)] = VD_ROW_##name,
#include "../calls.h"
#undef VD_CALL
#endif
};

#define TS_COMPAT 2
#define PSR_MODE32_BIT 0x10

static __always_inline unsigned long call_number(struct pt_regs *registers)
{
#ifdef __TARGET_ARCH_arm64
	return (unsigned long)(long)registers->syscallno;
#else
	return registers->orig_ax;
#endif
}

static __always_inline int is_32_bit(struct pt_regs *registers)
{
#ifdef __TARGET_ARCH_arm64
	return (registers->pstate & PSR_MODE32_BIT) != 0;
#else
	struct task_struct *task = (void *)bpf_get_current_task();

	return (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT) != 0;
#endif
}

#define I386_SOCKETCALL 102
#define I386_OLD_MMAP 90

#ifdef __TARGET_ARCH_x86
static const __u8 vd_rows_socketcall[32] = {
	[1] = VD_ROW_socket, [2] = VD_ROW_bind, [3] = VD_ROW_connect, [5] = VD_ROW_accept, [11] = VD_ROW_sendto, [12] = VD_ROW_recvfrom,
	[16] = VD_ROW_sendmsg, [17] = VD_ROW_recvmsg, [18] = VD_ROW_accept4, [19] = VD_ROW_recvmmsg, [20] = VD_ROW_sendmmsg,
};
#endif

/* 0: none of ours. The interface is only asked for where one of the two tables knows the number. */
static __always_inline __u32 row_of_call(struct pt_regs *registers, unsigned long number, int *by_32_bit)
{
	__u32 native, narrow;

	if (number >= VD_NUMBERS_MAX)
		return VD_ROW_none;
	native = ((const volatile __u8 *)vd_rows_native)[number];
	narrow = ((const volatile __u8 *)vd_rows_32_bit)[number];
	if (!(native | narrow))
		return VD_ROW_none;
	*by_32_bit = is_32_bit(registers);
	if (!*by_32_bit)
		return native;
#ifdef __TARGET_ARCH_x86
	if (narrow == VD_ROW_socketcall)
		return ((const volatile __u8 *)vd_rows_socketcall)[registers->bx & 31];
#endif
	return narrow;
}

static __always_inline __u64 fifth_argument(struct pt_regs *registers)
{
#ifdef __TARGET_ARCH_arm64
	return registers->regs[4];
#else
	return registers->r8;
#endif
}

static __always_inline void call_arguments(struct pt_regs *registers, int by_32_bit, __u64 *out)
{
#ifdef __TARGET_ARCH_arm64
	out[0] = registers->orig_x0;
	out[1] = registers->regs[1];
	out[2] = registers->regs[2];
	out[3] = registers->regs[3];
	out[4] = registers->regs[4];
	out[5] = registers->regs[5];
#else
	if (by_32_bit) {
		out[0] = (__u32)registers->bx;
		out[1] = (__u32)registers->cx;
		out[2] = (__u32)registers->dx;
		out[3] = (__u32)registers->si;
		out[4] = (__u32)registers->di;
		out[5] = (__u32)registers->bp;
		if (registers->orig_ax == I386_SOCKETCALL || registers->orig_ax == I386_OLD_MMAP) {
			__u32 given[6] = {};

			bpf_probe_read_user(given, sizeof(given), (void *)(registers->orig_ax == I386_SOCKETCALL ? out[1] : out[0]));
			for (int i = 0; i < 6; i++)
				out[i] = given[i];
		}
		return;
	}
	out[0] = registers->di;
	out[1] = registers->si;
	out[2] = registers->dx;
	out[3] = registers->r10;
	out[4] = registers->r8;
	out[5] = registers->r9;
#endif
}

#endif
