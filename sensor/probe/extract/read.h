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

#endif
