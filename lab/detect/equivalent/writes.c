/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to put a file where it is executed, to make it empty, to remove what tells of oneself, and to make a program run as its owner. */
#include "ground.h"
#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define JOB "* * * * * root true\n"

static long plain(void) { return leave(CALL(SYS_open, TARGET, O_WRONLY | O_CREAT, 0644), JOB); }
static long by_creat(void) { return leave(CALL(SYS_creat, TARGET, 0644), JOB); }
static long of_linked_directory(void) { symlink("/etc", "config"); return leave(CALL(SYS_open, "config/cron.d/job", O_WRONLY | O_CREAT, 0644), JOB); }
static long of_proc_root(void) { return leave(CALL(SYS_open, "/proc/self/root" TARGET, O_WRONLY | O_CREAT, 0644), JOB); }
static long int_0x80(void) { static char path[] = TARGET; return leave(narrow(8, (long)path, 0644, 0), JOB); }

static long prepare(void) { return leave(open("/etc/made", O_WRONLY | O_CREAT, 0644), JOB); }
static long by_rename(void) { prepare(); return CALL(SYS_rename, "/etc/made", TARGET); }
static long by_renameat2(void) { prepare(); return CALL(SYS_renameat2, open("/etc", O_PATH), "made", open("/etc/cron.d", O_PATH), "job", 1); }
static long by_link(void) { close(open("/etc/made", O_WRONLY | O_CREAT, 0644)); return CALL(SYS_link, "/etc/made", TARGET); }
static long by_symlink(void) { prepare(); return CALL(SYS_symlink, "/etc/made", TARGET); }
static long renamed_through_link(void)
{
	symlink("/etc", "config");
	close(open("/etc/made", O_WRONLY | O_CREAT, 0644));
	return CALL(SYS_rename, "config/made", "config/cron.d/job");
}

static long nameless(void)
{
	char path[64];
	int fd = open("/etc/cron.d", O_TMPFILE | O_WRONLY, 0644);

	write(fd, JOB, sizeof(JOB) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return CALL(SYS_linkat, AT_FDCWD, path, AT_FDCWD, TARGET, AT_SYMLINK_FOLLOW);
}

static long nameless_empty_path(void)
{
	int fd = open("/etc/cron.d", O_TMPFILE | O_WRONLY, 0644);

	write(fd, JOB, sizeof(JOB) - 1);
	return CALL(SYS_linkat, fd, "", AT_FDCWD, TARGET, AT_EMPTY_PATH);
}

static int there(void)
{
	int fd = open(TARGET, O_RDONLY | O_CREAT, 0644);

	ftruncate(fd, 4096);
	close(fd);
	return truncate(TARGET, 4096);
}

static long by_mapping(void)
{
	int fd = there() ? -1 : open(TARGET, O_RDWR);
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, JOB, sizeof(JOB) - 1);
	return 0;
}

static long reopened(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open(TARGET, O_RDONLY | O_CREAT, 0644));
	return leave(CALL(SYS_open, path, O_WRONLY), JOB);
}

static long by_sendfile(void)
{
	prepare();
	return sendfile(open(TARGET, O_WRONLY | O_CREAT, 0644), open("/etc/made", O_RDONLY), NULL, 100) > 0 ? 0 : -errno;
}

static long by_vmsplice(void)
{
	int ends[2];
	struct iovec text = { JOB, sizeof(JOB) - 1 };

	if (pipe(ends) || vmsplice(ends[1], &text, 1, 0) < 0)
		return -errno;
	return splice(ends[0], NULL, open(TARGET, O_WRONLY | O_CREAT, 0644), NULL, 100, 0) > 0 ? 0 : -errno;
}

/* Opened by one process for writing, written by another. */
static long by_passing(void)
{
	int ends[2];
	pid_t child;
	long result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -errno;
	child = fork();
	if (!child) {
		send_descriptor(ends[1], open(TARGET, O_WRONLY | O_CREAT, 0644));
		_exit(0);
	}
	result = leave(take_descriptor(ends[0]), JOB);
	waitpid(child, NULL, 0);
	return result;
}

static long by_handle(void)
{
	struct { struct file_handle head; unsigned char rest[128]; } handle = { .head = { .handle_bytes = 128 } };
	int mount;

	close(open(TARGET, O_RDONLY | O_CREAT, 0644));
	if (name_to_handle_at(AT_FDCWD, TARGET, &handle.head, &mount, 0))
		return -errno;
	return leave(answer(open_by_handle_at(open("/etc", O_RDONLY), &handle.head, O_WRONLY)), JOB);
}

static long by_fallocate(void)
{
	int fd = open(TARGET, O_WRONLY | O_CREAT, 0644);

	return answer(fallocate(fd, 0, 0, 4096));
}

static long by_bind_mount(void)
{
	prepare();
	close(open(TARGET, O_RDONLY | O_CREAT, 0644));
	return CALL(SYS_mount, "/etc/made", TARGET, NULL, MS_BIND, NULL);
}

/* A file system by the newer calls, laid over the directory. */
static long by_new_mount(void)
{
	int context = (int)CALL(SYS_fsopen, "tmpfs", 0), mount;

	if (context < 0 || CALL(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	mount = (int)CALL(SYS_fsmount, context, 0, 0);
	return mount < 0 ? mount : CALL(SYS_move_mount, mount, "", AT_FDCWD, "/etc/cron.d", 4);
}

static long log_unlink(void) { return CALL(SYS_unlink, TRACE); }
static long log_unlinkat(void) { return CALL(SYS_unlinkat, open("/var/log", O_PATH), "auth.log", 0); }
static long log_linked_directory(void) { symlink("/var/log", "logs"); return CALL(SYS_unlink, "logs/auth.log"); }
static long log_proc_cwd(void) { chdir("/var/log"); return CALL(SYS_unlink, "/proc/self/cwd/auth.log"); }
static long log_proc_fd(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/auth.log", open("/var/log", O_PATH));
	return CALL(SYS_unlink, path);
}
static long log_renamed(void) { return CALL(SYS_rename, TRACE, "/var/log/.x"); }
static long log_truncate(void) { return CALL(SYS_truncate, TRACE, 0); }
static long log_truncate_link(void) { symlink(TRACE, "harmless"); return CALL(SYS_truncate, "harmless", 0); }
static long log_ftruncate(void) { return CALL(SYS_ftruncate, open(TRACE, O_WRONLY), 0); }
static long log_o_trunc(void) { return CALL(SYS_open, TRACE, O_WRONLY | O_TRUNC) < 0 ? -errno : 0; }
static long log_int_0x80(void) { static char path[] = TRACE; return narrow(10, (long)path, 0, 0); }
static long log_truncate_int_0x80(void) { static char path[] = TRACE; return narrow(193, (long)path, 0, 0); }
static long log_punched(void) { return answer(fallocate(open(TRACE, O_WRONLY), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096)); }
static long log_long_path(void)
{
	static char path[4000];

	for (int i = 0; i < 1200; i++)
		strcat(path, "/./");
	strcat(path, "var/log/auth.log");
	return CALL(SYS_unlink, path);
}

static char raced[64] = TRACE;
static void *changes(void *unused)
{
	for (;;) {
		memcpy(raced, "/var/log/auth.txt", 17);
		memcpy(raced, TRACE, 17);
	}
	return unused;
}

static long log_race(void)
{
	pthread_t thread;
	struct stat known;

	pthread_create(&thread, NULL, changes, NULL);
	for (int i = 0; i < 20000; i++)
		if (!CALL(SYS_unlink, raced) || stat(TRACE, &known))
			return 0;
	return -ETIME;
}

static int owned(void) { return open(ROOM "/tool", O_RDWR | O_CREAT, 0755); }
static long mode_chmod(void) { close(owned()); return CALL(SYS_chmod, ROOM "/tool", 04755); }
static long mode_fchmod(void) { return CALL(SYS_fchmod, owned(), 04755); }
static long mode_fchmodat(void) { close(owned()); return CALL(SYS_fchmodat, open(ROOM, O_PATH), "tool", 04755); }
static long mode_fchmodat2(void) { return CALL(SYS_fchmodat2, owned(), "", 04755, AT_EMPTY_PATH); }
static long mode_int_0x80(void) { static char path[] = ROOM "/tool"; close(owned()); return narrow(15, (long)path, 04755, 0); }
static long mode_of_open(void) { umask(0); return CALL(SYS_open, ROOM "/tool", O_WRONLY | O_CREAT, 04755) < 0 ? -errno : 0; }
static long mode_of_mknod(void) { umask(0); return CALL(SYS_mknod, ROOM "/tool", S_IFREG | 04755, 0); }
static long mode_of_creat(void) { umask(0); return CALL(SYS_creat, ROOM "/tool", 04755) < 0 ? -errno : 0; }
static long mode_of_tmpfile(void) { umask(0); return CALL(SYS_openat, AT_FDCWD, ROOM, O_TMPFILE | O_RDWR, 04755) < 0 ? -errno : 0; }

const struct operation writes[] = {
	{ "write", plain }, { "write-creat", by_creat }, { "write-linked-directory", of_linked_directory }, { "write-proc-root", of_proc_root },
	{ "write-int-0x80", int_0x80 }, { "write-rename", by_rename }, { "write-renameat2", by_renameat2 }, { "write-link", by_link },
	{ "write-symlink", by_symlink }, { "write-rename-linked", renamed_through_link }, { "write-tmpfile", nameless }, { "write-tmpfile-empty", nameless_empty_path },
	{ "write-mapped", by_mapping }, { "write-reopened", reopened }, { "write-sendfile", by_sendfile }, { "write-vmsplice", by_vmsplice },
	{ "write-passed", by_passing }, { "write-by-handle", by_handle }, { "write-fallocate", by_fallocate }, { "write-bind-mount", by_bind_mount },
	{ "write-new-mount", by_new_mount },
	{ "unlink", log_unlink }, { "unlinkat", log_unlinkat }, { "unlink-linked-directory", log_linked_directory }, { "unlink-proc-cwd", log_proc_cwd },
	{ "unlink-proc-fd", log_proc_fd }, { "unlink-renamed", log_renamed }, { "truncate", log_truncate }, { "truncate-symlink", log_truncate_link },
	{ "ftruncate", log_ftruncate }, { "truncate-open", log_o_trunc }, { "unlink-int-0x80", log_int_0x80 }, { "truncate-int-0x80", log_truncate_int_0x80 },
	{ "truncate-punched", log_punched }, { "unlink-long-path", log_long_path }, { "unlink-race", log_race },
	{ "chmod", mode_chmod }, { "fchmod", mode_fchmod }, { "fchmodat", mode_fchmodat }, { "fchmodat2", mode_fchmodat2 }, { "chmod-int-0x80", mode_int_0x80 },
	{ "chmod-of-open", mode_of_open }, { "chmod-of-mknod", mode_of_mknod }, { "chmod-of-creat", mode_of_creat }, { "chmod-of-tmpfile", mode_of_tmpfile },
	{ 0 },
};
