/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to get at what stands in a file that is nobody's business. */
#include "ground.h"
#include <linux/openat2.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

static long plain(void) { return taste(CALL(SYS_open, SECRET, O_RDONLY)); }
static long at(void) { return taste(CALL(SYS_openat, AT_FDCWD, SECRET, O_RDONLY)); }
static long at_directory(void) { return taste(CALL(SYS_openat, open("/etc", O_RDONLY), "shadow", O_RDONLY)); }
static long at_path_directory(void) { return taste(CALL(SYS_openat, open("/etc", O_PATH), "shadow", O_RDONLY)); }
static long double_slash(void) { return taste(CALL(SYS_open, "//etc///.//shadow", O_RDONLY)); }
static long relative(void) { return taste(CALL(SYS_open, "../../etc/shadow", O_RDONLY)); }
static long through_fchdir(void) { fchdir(open("/etc", O_RDONLY)); return taste(CALL(SYS_open, "shadow", O_RDONLY)); }
static long of_link(void) { symlink(SECRET, "link"); return taste(CALL(SYS_open, "link", O_RDONLY)); }
static long of_linked_directory(void) { symlink("/etc", "config"); return taste(CALL(SYS_open, "config/shadow", O_RDONLY)); }
static long of_proc_root(void) { return taste(CALL(SYS_open, "/proc/self/root/etc/shadow", O_RDONLY)); }
static long of_proc_cwd(void) { chdir("/etc"); return taste(CALL(SYS_open, "/proc/self/cwd/shadow", O_RDONLY)); }
static long in_chroot(void) { return chroot("/etc") ? -errno : taste(CALL(SYS_open, "/shadow", O_RDONLY)); }
static long read_write(void) { return taste(CALL(SYS_open, SECRET, O_RDWR)); }
static long hard_linked(void) { return link(SECRET, "/etc/hard") ? -errno : taste(CALL(SYS_open, "/etc/hard", O_RDONLY)); }
static long renamed(void) { return rename(SECRET, "/etc/harmless") ? -errno : taste(CALL(SYS_open, "/etc/harmless", O_RDONLY)); }
static long exchanged(void)
{
	close(open("/etc/harmless", O_CREAT | O_WRONLY, 0600));
	return CALL(SYS_renameat2, AT_FDCWD, SECRET, AT_FDCWD, "/etc/harmless", 2 /* RENAME_EXCHANGE */) ? -errno : taste(CALL(SYS_open, "/etc/harmless", O_RDONLY));
}
static long int_0x80(void) { static char path[] = SECRET; return taste(narrow(5, (long)path, O_RDONLY, 0)); }
static long int_0x80_at(void) { static char path[] = SECRET; return taste(narrow(295, AT_FDCWD, (long)path, O_RDONLY)); }
static long x32(void) { return taste(CALL(0x40000000 + SYS_open, SECRET, O_RDONLY)); }

static long by_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	return taste(CALL(SYS_openat2, AT_FDCWD, SECRET, &how, sizeof(how)));
}

static long by_openat2_in_root(void)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT };

	return taste(CALL(SYS_openat2, open("/", O_PATH), "/etc/shadow", &how, sizeof(how)));
}

static long by_handle(void)
{
	struct { struct file_handle head; unsigned char rest[128]; } handle = { .head = { .handle_bytes = 128 } };
	int mount;

	if (name_to_handle_at(AT_FDCWD, SECRET, &handle.head, &mount, 0))
		return -errno;
	return taste(answer(open_by_handle_at(open("/etc", O_RDONLY), &handle.head, O_RDONLY)));
}

static long reopened(const char *path, int flags)
{
	char again[64];

	snprintf(again, sizeof(again), "/proc/self/fd/%d", open(path, flags));
	return taste(CALL(SYS_open, again, O_RDONLY));
}

static long of_path_descriptor(void) { return reopened(SECRET, O_PATH); }
static long of_other_process(void)
{
	pid_t child = victim();
	char path[64];
	long result;

	snprintf(path, sizeof(path), "/proc/%d/root/etc/shadow", child);
	result = taste(CALL(SYS_open, path, O_RDONLY));
	end_of(child);
	return result;
}

static long of_long_path(void)
{
	static char path[4000];

	for (int i = 0; i < 1300; i++)
		strcat(path, "/./");
	strcat(path, "etc/shadow");
	return taste(CALL(SYS_open, path, O_RDONLY));
}

static long of_deep_path(void)
{
	static char path[4000] = ROOM;

	for (int i = 0; i < 60; i++) {
		strcat(path, "/d");
		mkdir(path, 0755);
	}
	strcat(path, "/link");
	symlink(SECRET, path);
	return taste(CALL(SYS_open, path, O_RDONLY));
}

static long mapped(void)
{
	int fd = open(SECRET, O_RDONLY);
	volatile char *text = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	return text == MAP_FAILED ? -errno : text[0] == 'r' ? 0 : -EIO;
}

static long by_sendfile(void)
{
	int out = open(ROOM "/copy", O_WRONLY | O_CREAT, 0600);

	return sendfile(out, open(SECRET, O_RDONLY), NULL, 100) > 0 ? 0 : -errno;
}

static long by_splice(void)
{
	int ends[2];

	if (pipe(ends))
		return -errno;
	return splice(open(SECRET, O_RDONLY), NULL, ends[1], NULL, 100, 0) > 0 ? 0 : -errno;
}

static long by_copy(void)
{
	int out = open("/etc/copy", O_WRONLY | O_CREAT, 0600);

	return copy_file_range(open(SECRET, O_RDONLY), NULL, out, NULL, 100, 0) > 0 ? 0 : -errno;
}

/* Opened by one process, read by another. */
static long by_passing(void)
{
	int ends[2];
	pid_t child;
	long result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -errno;
	child = fork();
	if (!child) {
		send_descriptor(ends[1], open(SECRET, O_RDONLY));
		_exit(0);
	}
	result = taste(take_descriptor(ends[0]));
	waitpid(child, NULL, 0);
	return result;
}

static long by_pidfd(void)
{
	int ready[2];
	char byte;
	pid_t child;
	long result;

	if (pipe(ready))
		return -errno;
	child = fork();
	if (!child) {
		dup2(open(SECRET, O_RDONLY), 77);
		write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	read(ready[0], &byte, 1);
	result = taste(CALL(SYS_pidfd_getfd, CALL(SYS_pidfd_open, child, 0), 77, 0));
	end_of(child);
	return result;
}

/* One thread changes the name while another opens it, until both files were met. */
static char raced[64] = SECRET;
static void *changes(void *unused)
{
	for (;;) {
		memcpy(raced, "/etc/passwd", 12);
		memcpy(raced, SECRET "\0", 12);
	}
	return unused;
}

static long by_race(void)
{
	pthread_t thread;
	bool met = false;

	pthread_create(&thread, NULL, changes, NULL);
	for (int i = 0; i < 20000 && !met; i++) {
		char text[8] = "";
		int fd = (int)CALL(SYS_openat, AT_FDCWD, raced, O_RDONLY);

		if (fd < 0)
			continue;
		read(fd, text, 7);
		met = text[5] == '*';
		close(fd);
	}
	return met ? 0 : -ETIME;
}

/* The name lies on a page that is not there yet: its page fault stops the kernel in the middle of its reading, and the answer decides. */
static void *answers(void *given)
{
	int faults = *(int *)given;
	struct pollfd one = { .fd = faults, .events = POLLIN };
	static char page[4096] __attribute__((aligned(4096)));
	struct uffd_msg message;

	strcpy(page, SECRET);
	poll(&one, 1, 5000);
	if (read(faults, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_copy copy = { .dst = message.arg.pagefault.address & ~4095ull, .src = (uintptr_t)page, .len = 4096 };

		ioctl(faults, UFFDIO_COPY, &copy);
	}
	return NULL;
}

static long by_fault(void)
{
	static int faults;
	struct uffdio_api api = { .api = UFFD_API };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = { .range = { .start = (uintptr_t)page, .len = 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	long result;

	faults = (int)CALL(SYS_userfaultfd, 0);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
		return -errno;
	pthread_create(&thread, NULL, answers, &faults);
	result = taste(CALL(SYS_openat, AT_FDCWD, page, O_RDONLY));
	pthread_join(thread, NULL);
	return result;
}

static long by_bind_mount(void)
{
	mkdir("config", 0755);
	return mount("/etc", "config", NULL, MS_BIND, NULL) ? -errno : taste(CALL(SYS_open, "config/shadow", O_RDONLY));
}

static long by_tree(void)
{
	int tree = (int)CALL(SYS_open_tree, AT_FDCWD, "/etc", 1 /* OPEN_TREE_CLONE */);

	return tree < 0 ? tree : taste(CALL(SYS_openat, tree, "shadow", O_RDONLY));
}

static long by_moved_tree(void)
{
	int tree = (int)CALL(SYS_open_tree, AT_FDCWD, "/etc", 1);

	mkdir("config", 0755);
	if (CALL(SYS_move_mount, tree, "", AT_FDCWD, "config", 4 /* MOVE_MOUNT_F_EMPTY_PATH */))
		return -errno;
	return taste(CALL(SYS_open, "config/shadow", O_RDONLY));
}

static long by_overlay(void)
{
	mkdir("upper", 0755);
	mkdir("work", 0755);
	mkdir("merged", 0755);
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=/etc,upperdir=/run/goal/upper,workdir=/run/goal/work"))
		return -errno;
	return taste(CALL(SYS_open, "merged/shadow", O_RDONLY));
}

/* First under a name that nobody knows, then under its own: the second must be seen although the file was met already. */
static long after_decoy(void)
{
	link(SECRET, "/etc/decoy");
	taste(CALL(SYS_open, "/etc/decoy", O_RDONLY));
	unlink("/etc/decoy");
	return taste(CALL(SYS_open, SECRET, O_RDONLY));
}

static long again(void) { long first = in_child(plain); return first ? first : in_child(plain); }

const struct operation reads[] = {
	{ "open", plain }, { "openat", at }, { "openat2", by_openat2 }, { "openat2-in-root", by_openat2_in_root }, { "openat-directory", at_directory },
	{ "openat-path-directory", at_path_directory }, { "open-double-slash", double_slash }, { "open-relative", relative }, { "open-fchdir", through_fchdir },
	{ "open-symlink", of_link }, { "open-linked-directory", of_linked_directory }, { "open-proc-root", of_proc_root }, { "open-proc-cwd", of_proc_cwd },
	{ "open-proc-pid-root", of_other_process }, { "open-chroot", in_chroot }, { "open-read-write", read_write }, { "open-hard-link", hard_linked },
	{ "open-renamed", renamed }, { "open-exchanged", exchanged }, { "open-int-0x80", int_0x80 }, { "openat-int-0x80", int_0x80_at }, { "open-x32", x32 },
	{ "open-by-handle", by_handle }, { "open-path-descriptor", of_path_descriptor }, { "open-long-path", of_long_path }, { "open-deep-path", of_deep_path },
	{ "open-mapped", mapped }, { "open-sendfile", by_sendfile }, { "open-splice", by_splice }, { "open-copy-range", by_copy }, { "open-passed", by_passing },
	{ "open-pidfd", by_pidfd }, { "open-race", by_race }, { "open-userfault", by_fault }, { "open-bind-mount", by_bind_mount }, { "open-tree", by_tree },
	{ "open-moved-tree", by_moved_tree }, { "open-overlay", by_overlay }, { "open-after-decoy", after_decoy }, { "open-again", again },
	{ 0 },
};
