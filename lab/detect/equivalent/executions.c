/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to execute a program that lies in a scratch directory, and ways to get a library's code mapped. */
#include "ground.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

static char *const no_environment[] = { NULL };

static long execute(const char *path) { return answer(execve(path, no_arguments, no_environment)); }

static long plain(void) { return execute(MARKER); }
static long double_slash(void) { return execute("//run///goal//marker"); }
static long relative(void) { return execute("../goal/./marker"); }
static long at_directory(void) { return CALL(SYS_execveat, open(ROOM, O_RDONLY), "marker", no_arguments, no_environment, 0); }
static long at_descriptor(void) { return CALL(SYS_execveat, open(MARKER, O_RDONLY), "", no_arguments, no_environment, AT_EMPTY_PATH); }
static long at_path_descriptor(void) { return CALL(SYS_execveat, open(MARKER, O_PATH), "", no_arguments, no_environment, AT_EMPTY_PATH); }
static long of_link(void) { symlink(MARKER, "/etc/innocent"); return execute("/etc/innocent"); }
static long of_proc_root(void) { return execute("/proc/self/root" MARKER); }
static long of_proc_cwd(void) { return execute("/proc/thread-self/cwd/marker"); }
static long renamed(void) { rename(MARKER, ROOM "/sshd"); return execute(ROOM "/sshd"); }
static long hard_linked(void) { link(MARKER, ROOM "/hard"); return execute(ROOM "/hard"); }
static long int_0x80(void) { static char path[] = MARKER; static int none[1]; return narrow(11, (long)path, (long)none, (long)none); }
static long int_0x80_at(void) { static char path[] = MARKER; static int none[1]; return narrow_five(358, AT_FDCWD, (long)path, (long)none, (long)none, 0); }
static long forged_name(void) { return answer(execve(MARKER, (char *[]){ "[kworker/0:1]", NULL }, no_environment)); }
static long no_name(void) { return CALL(SYS_execve, MARKER, NULL, NULL); }
static long comm_renamed(void) { prctl(PR_SET_NAME, "systemd"); return execute(MARKER); }
static long through_fchdir(void) { fchdir(open("/", O_RDONLY)); return execute("run/goal/marker"); }

static long of_proc_fd(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open(MARKER, O_RDONLY));
	return execute(path);
}

static long deleted(void)
{
	int fd = open(MARKER, O_RDONLY);

	unlink(MARKER);
	return CALL(SYS_execveat, fd, "", no_arguments, no_environment, AT_EMPTY_PATH);
}

static long filled(int fd)
{
	char bytes[4096];
	int in = open(MARKER, O_RDONLY);
	ssize_t got;

	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)got) != got)
			return -EIO;
	return fd;
}

static long of_memory(void)
{
	return CALL(SYS_execveat, filled(memfd_create("systemd", MFD_CLOEXEC)), "", no_arguments, no_environment, AT_EMPTY_PATH);
}

static long of_memory_by_path(void)
{
	char path[64];
	int fd = (int)filled(memfd_create("systemd", 0)), readable;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY);	/* a file that is open for writing is not executed */
	close(fd);
	snprintf(path, sizeof(path), "/dev/fd/%d", readable);
	return execute(path);
}

static long of_nameless_file(void)
{
	char path[64];
	int fd = (int)filled(open(ROOM, O_TMPFILE | O_RDWR, 0700)), readable;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY);
	close(fd);
	return CALL(SYS_execveat, readable, "", no_arguments, no_environment, AT_EMPTY_PATH);
}

static long by_vfork(void)
{
	int status;
	pid_t child = vfork();

	if (!child) {
		execve(MARKER, no_arguments, no_environment);
		_exit(1);
	}
	waitpid(child, &status, 0);
	return -WEXITSTATUS(status);
}

static long child_of_session(void) { setsid(); return in_child(plain); }
static long by_double_fork(void) { return in_child(child_of_session); }

static long twice(void)
{
	return answer(execve("/usr/bin/env", (char *[]){ "env", MARKER, NULL }, no_environment));
}

static long in_other_cgroup(void)
{
	struct clone_args how = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	char line[512], path[600] = "";
	FILE *own = fopen("/proc/self/cgroup", "r");
	long child;
	int status;

	while (fgets(line, sizeof(line), own))
		if (!strncmp(line, "0::", 3))
			snprintf(path, sizeof(path), "%s%.*s/other", getenv("UNIFIED"), (int)strcspn(line + 3, "\n"), line + 3);
	fclose(own);
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	how.cgroup = (uint64_t)open(path, O_RDONLY | O_DIRECTORY);
	child = CALL(SYS_clone3, &how, sizeof(how));
	if (!child) {
		execve(MARKER, no_arguments, no_environment);
		_exit(1);
	}
	if (child < 0)
		return child;
	waitpid((pid_t)child, &status, 0);
	rmdir(path);
	return -WEXITSTATUS(status);
}

static void *of_thread(void *unused) { execve(MARKER, no_arguments, no_environment); return unused; }

static long by_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, of_thread, NULL);
	pthread_join(thread, NULL);
	return -ENOEXEC;
}

/* While one thread changes the name, the other executes it: half a time the plain file, half a time the marker. */
static char raced[64] = MARKER;
static void *changes(void *unused)
{
	for (;;) {
		memcpy(raced, "/bin/true\0\0\0\0\0\0\0", 16);
		memcpy(raced, MARKER, 16);
	}
	return unused;
}

static long by_race(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, changes, NULL);
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t child = vfork();

		if (!child) {
			execve(raced, no_arguments, no_environment);
			_exit(1);
		}
		waitpid(child, &status, 0);
	}
	return 0;
}

static long in_chroot(void) { return chroot(ROOM) ? -errno : execute("/marker"); }

static long by_bind_mount(void)
{
	int fd = open("/etc/tool", O_WRONLY | O_CREAT, 0755);

	close(fd);
	return mount(MARKER, "/etc/tool", NULL, MS_BIND, NULL) ? -errno : execute("/etc/tool");
}

static long in_other_mounts(void)
{
	pid_t child = fork();
	char path[64];
	long result;

	if (!child) {
		unshare(CLONE_NEWNS);
		pause();
		_exit(0);
	}
	usleep(20000);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", child);
	result = answer(setns(open(path, O_RDONLY), CLONE_NEWNS));
	if (!result)
		result = in_child(plain);
	end_of(child);
	return result;
}

static long write_script(const char *head)
{
	int fd = open(ROOM "/script", O_WRONLY | O_CREAT, 0755);

	return leave(fd, head);
}

static long script(void) { write_script("#!/bin/sh\nexit 0\n"); return execute(ROOM "/script"); }
static long script_of_marker(void) { write_script("#!" MARKER "\n"); return execute(ROOM "/script"); }
static long script_by_interpreter(void) { write_script("exit 0\n"); return answer(execve("/bin/sh", (char *[]){ "sh", ROOM "/script", NULL }, no_environment)); }
static long script_from_input(void) { write_script("exit 0\n"); dup2(open(ROOM "/script", O_RDONLY), 0); return answer(execve("/bin/sh", (char *[]){ "sh", NULL }, no_environment)); }
static long by_env_split(void) { write_script("#!/usr/bin/env -S sh -e\nexit 0\n"); return execute(ROOM "/script"); }
static long by_perl(void) { write_script("#!/bin/sh\nexit 0\n"); return answer(execve("/usr/bin/perl", (char *[]){ "perl", "-e", "exec '" MARKER "'", NULL }, no_environment)); }

static long by_loader(void)
{
	return answer(execve("/lib64/ld-linux-x86-64.so.2", (char *[]){ "ld.so", DYNAMIC, NULL }, no_environment));
}

static long preloaded(void) { return answer(execve("/bin/true", (char *[]){ "true", NULL }, (char *[]){ "LD_PRELOAD=" LIBRARY, NULL })); }
static long library_path(void) { return answer(execve("/lib64/ld-linux-x86-64.so.2", (char *[]){ "ld.so", "--preload", LIBRARY, "/bin/true", NULL }, no_environment)); }

/* A child runs what its tracer wrote: execve of the marker, without ever having called it. */
static long by_injection(void)
{
	pid_t child = victim();
	struct user_regs_struct registers;
	static const char path[] = MARKER;
	int status;

	if (ptrace(PTRACE_ATTACH, child, 0, 0))
		return -errno;
	waitpid(child, &status, 0);
	ptrace(PTRACE_GETREGS, child, 0, &registers);
	registers.rsp -= 256;
	for (size_t i = 0; i < sizeof(path); i += 8)
		ptrace(PTRACE_POKEDATA, child, registers.rsp + i, *(const long *)(path + i));
	ptrace(PTRACE_POKETEXT, child, registers.rip, 0x050f);	/* syscall */
	registers.rax = SYS_execve;
	registers.orig_rax = (unsigned long)-1;
	registers.rdi = registers.rsp;
	registers.rsi = registers.rdx = 0;
	ptrace(PTRACE_SETREGS, child, 0, &registers);
	ptrace(PTRACE_DETACH, child, 0, 0);
	waitpid(child, &status, 0);
	return -WEXITSTATUS(status);
}

static long mapped(int protection, int then)
{
	int fd = open(LIBRARY, O_RDONLY);
	void *at = mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	return then && mprotect(at, 4096, then) ? -errno : 0;
}

static long map_plain(void) { return mapped(PROT_READ | PROT_EXEC, 0); }
static long map_later(void) { return mapped(PROT_READ, PROT_READ | PROT_EXEC); }
static long map_by_personality(void) { personality(READ_IMPLIES_EXEC); return mapped(PROT_READ, 0); }

static long map_int_0x80(void)
{
	static int fd;
	long result = -ENOSYS;

	fd = open(LIBRARY, O_RDONLY);
#ifdef __x86_64__
	/* mmap2 has six arguments, and the sixth is in a register that the compiler keeps */
	asm volatile("push %%rbp\n\txor %%ebp, %%ebp\n\tint $0x80\n\tpop %%rbp" : "=a"(result)
		     : "a"(192), "b"(0), "c"(4096), "d"(PROT_READ | PROT_EXEC), "S"(MAP_PRIVATE), "D"(fd) : "r8", "r9", "r10", "r11", "memory");
#endif
	return (int)result < 0 && (int)result > -4096 ? (int)result : 0;
}

static long map_oldest(void)
{
	static uint32_t how[6];

	how[1] = 4096;
	how[2] = PROT_READ | PROT_EXEC;
	how[3] = MAP_PRIVATE;
	how[4] = (uint32_t)open(LIBRARY, O_RDONLY);
	long result = narrow(90, (long)how, 0, 0);

	return result < 0 && result > -4096 ? result : 0;
}

static long map_anonymous(void)
{
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	at[0] = (char)0xc3;
	return answer(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

const struct operation executions[] = {
	{ "execve", plain }, { "execve-double-slash", double_slash }, { "execve-relative", relative }, { "execveat-directory", at_directory },
	{ "execveat-descriptor", at_descriptor }, { "execveat-path-descriptor", at_path_descriptor }, { "execve-symlink", of_link },
	{ "execve-hard-link", hard_linked }, { "execve-renamed", renamed }, { "execve-proc-root", of_proc_root }, { "execve-proc-cwd", of_proc_cwd },
	{ "execve-proc-fd", of_proc_fd }, { "execve-memfd", of_memory }, { "execve-memfd-path", of_memory_by_path },
	{ "execve-tmpfile", of_nameless_file }, { "execve-deleted", deleted }, { "execve-vfork", by_vfork }, { "execve-double-fork", by_double_fork },
	{ "execve-twice", twice }, { "execve-clone-into-cgroup", in_other_cgroup }, { "execve-thread", by_thread }, { "execve-race", by_race },
	{ "execve-chroot", in_chroot }, { "execve-bind-mount", by_bind_mount }, { "execve-setns", in_other_mounts }, { "execve-int-0x80", int_0x80 },
	{ "execveat-int-0x80", int_0x80_at }, { "execve-forged-name", forged_name }, { "execve-no-arguments", no_name }, { "execve-comm", comm_renamed },
	{ "execve-fchdir", through_fchdir }, { "execve-injected", by_injection }, { "execve-script", script }, { "execve-script-of-marker", script_of_marker },
	{ "execve-script-no-head", script_by_interpreter }, { "execve-script-from-input", script_from_input }, { "execve-env-split", by_env_split },
	{ "execve-by-perl", by_perl }, { "execve-loader", by_loader },
	{ "map-preload", preloaded }, { "map-loader-preload", library_path }, { "map", map_plain }, { "map-mprotect", map_later },
	{ "map-personality", map_by_personality }, { "map-int-0x80", map_int_0x80 }, { "map-int-0x80-oldest", map_oldest }, { "map-anonymous", map_anonymous },
	{ 0 },
};
