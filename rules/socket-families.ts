/**
 * Families of sockets by number, as Linux numbers them and as rules call them (`evt.arg.domain`). One table, since what the sensor answers and
 * what the kernel is asked for (interest-socket.ts) must be the same names.
 */
const names = `AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY
  AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET
  AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP`;
export const socketFamilies: readonly string[] = names.split(/\s+/);

/** A number without a name is shown as it is. */
export const familyName = (value: number): string => socketFamilies[value] ?? String(value);
