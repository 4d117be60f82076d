/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * One member of a kernel object. Since 6.2 a pointer can be given its type (bpf_rdonly_cast), and then a read is a load that cannot fault;
 * before, it is a call of a helper, which costs about thirty nanoseconds. The verifier knows which of the two it is, and follows that alone.
 */
#ifndef VEDETTE_EXTRACT_READ_H
#define VEDETTE_EXTRACT_READ_H

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define VD_GET(type, pointer, member)                                                                                  \
	(bpf_rdonly_cast != 0 ?                                                                                         \
		 ((struct type *)bpf_rdonly_cast((pointer), bpf_core_type_id_kernel(struct type)))->member :           \
		 BPF_CORE_READ((struct type *)(pointer), member))

/* Eight bytes at any place, through the first member of a type that every kernel has; what is not there reads as zeroes. */
static __always_inline __u64 word_at(const void *place)
{
	return (__u64)VD_GET(timespec64, place, tv_sec);
}

/* The same for a pointer. */
static __always_inline void *pointer_at(const void *place)
{
	return (void *)VD_GET(hlist_head, place, first);
}

#endif
