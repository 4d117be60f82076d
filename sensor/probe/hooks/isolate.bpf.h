/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A container cut off: cgroup_skb (4.10) lets no packet of its sockets out or in but those with an allowed peer, so
 * what was connected before says and hears nothing more; cgroup/connect and sendmsg (4.17, 4.18) make the refusal an
 * EPERM at once instead of a connection that never answers. Attached to the container's own cgroup in the unified hierarchy, which covers
 * every cgroup below it; each isolation is loaded as an instance of its own, with its own list, when it is asked for. Misses: packet
 * sockets (AF_PACKET, which need CAP_NET_RAW), sockets that were made outside of the container and handed in, and
 * everything that is no IP: unix sockets, vsock, netlink.
 */
#ifndef VEDETTE_ISOLATE_H
#define VEDETTE_ISOLATE_H

/* As user space sees it (linux/bpf.h): the verifier rewrites the accesses, so no relocation. */
struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
};
struct __sk_buff;

/*
 * Peers that may still be spoken with (1), IPv4 mapped; nothing in it: nobody. The loader puts all of IPv4 in as refused (0), so that
 * a network of IPv6 as wide as ::/0 does not let it through.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, VD_NETWORKS_MAX + 1);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, struct vd_network);
	__type(value, __u32);
} vd_isolate_allowed SEC(".maps");

/* What was refused: connections, datagrams, packets out, packets in. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} vd_isolate_refused SEC(".maps");

static __always_inline int peer_allowed(struct vd_network *peer, __u32 counter)
{
	__u32 *allowed;
	__u64 *refused;

	peer->prefix_bits = 128;
	allowed = bpf_map_lookup_elem(&vd_isolate_allowed, peer);
	if (allowed && *allowed)
		return 1;
	refused = bpf_map_lookup_elem(&vd_isolate_refused, &counter);
	if (refused)
		__sync_fetch_and_add(refused, 1);
	return 0;
}

static __always_inline int address4_allowed(struct bpf_sock_addr *ctx, __u32 counter)
{
	struct vd_network peer = {};

	peer.address[10] = 0xff;
	peer.address[11] = 0xff;
	*(__u32 *)(peer.address + 12) = ctx->user_ip4;
	return peer_allowed(&peer, counter);
}

static __always_inline int address6_allowed(struct bpf_sock_addr *ctx, __u32 counter)
{
	struct vd_network peer = {};

	*(__u32 *)peer.address = ctx->user_ip6[0];
	*(__u32 *)(peer.address + 4) = ctx->user_ip6[1];
	*(__u32 *)(peer.address + 8) = ctx->user_ip6[2];
	*(__u32 *)(peer.address + 12) = ctx->user_ip6[3];
	return peer_allowed(&peer, counter);
}

/* The packet begins with its IP header. What is neither version, or too short to have a peer, is refused. */
static __always_inline int packet_allowed(struct __sk_buff *packet, int out, __u32 counter)
{
	struct vd_network peer = {};
	__u8 first = 0;

	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 == 4) {
		peer.address[10] = 0xff;
		peer.address[11] = 0xff;
		if (bpf_skb_load_bytes(packet, out ? 16 : 12, peer.address + 12, 4))
			return 0;
	} else if (first >> 4 != 6 || bpf_skb_load_bytes(packet, out ? 24 : 8, peer.address, 16)) {
		return 0;
	}
	return peer_allowed(&peer, counter);
}

SEC("cgroup/connect4")
int vd_isolate_connect4(struct bpf_sock_addr *ctx)
{
	return address4_allowed(ctx, 0);
}

SEC("cgroup/connect6")
int vd_isolate_connect6(struct bpf_sock_addr *ctx)
{
	return address6_allowed(ctx, 0);
}

SEC("cgroup/sendmsg4")
int vd_isolate_send4(struct bpf_sock_addr *ctx)
{
	return address4_allowed(ctx, 1);
}

SEC("cgroup/sendmsg6")
int vd_isolate_send6(struct bpf_sock_addr *ctx)
{
	return address6_allowed(ctx, 1);
}

SEC("cgroup_skb/egress")
int vd_isolate_out(struct __sk_buff *packet)
{
	return packet_allowed(packet, 1, 2);
}

SEC("cgroup_skb/ingress")
int vd_isolate_in(struct __sk_buff *packet)
{
	return packet_allowed(packet, 0, 3);
}

#endif
