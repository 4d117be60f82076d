/** File systems by their magic number (linux/magic.h): what a container's root may be. */
const names: Readonly<Record<number, string>> = {
  0x794c7630: 'overlay', 0xef53: 'ext4', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x01021994: 'tmpfs', 0x65735546: 'fuse', 0x2fc12fc1: 'zfs',
  0x73717368: 'squashfs', 0xe0f5e1e2: 'erofs', 0x858458f6: 'ramfs', 0x6969: 'nfs', 0x01021997: '9p', 0x6a656a63: 'fakeowner',
};

/** null: no root was seen. An unknown one is shown by its number. */
export function filesystemName(magic: number): string | null {
  return magic === 0 ? null : (names[magic] ?? `0x${magic.toString(16)}`);
}
