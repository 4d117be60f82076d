/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensor process: its own user, exactly CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (to look into containers), nothing
 * to gain by executing anything else. It finds the records at descriptor 3 and the commands at descriptor 4.
 */
#include "loader.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)
#define BIT(capability) (1ull << (capability))

static const uint64_t sensor_capabilities = BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH);
static const uint64_t loader_capabilities = BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_BPF) | BIT(CAP_PERFMON) |
					    BIT(CAP_SYS_ADMIN) | BIT(CAP_KILL) | BIT(CAP_SETUID) | BIT(CAP_SETGID) |
					    BIT(CAP_SETPCAP) | BIT(CAP_NET_ADMIN);

static int capabilities_set(uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)permitted, .permitted = (uint32_t)permitted, .inheritable = (uint32_t)inheritable },
		{ .effective = (uint32_t)(permitted >> 32),
		  .permitted = (uint32_t)(permitted >> 32),
		  .inheritable = (uint32_t)(inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

static uint64_t capabilities_permitted(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	syscall(SYS_capget, &header, data);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static void bounding_keep(uint64_t kept)
{
	for (int capability = 0; capability <= 63; capability++)
		if (!(kept & BIT(capability)) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* Before 6.9 attaching cgroup_skb programs asks for CAP_NET_ADMIN and nothing else; since then CAP_SYS_ADMIN is enough. */
static bool wants_net_admin(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname system;

	return uname(&system) || sscanf(system.release, "%u.%u", &major, &minor) != 2 || major < 6 || (major == 6 && minor < 9);
}

/* After loading, and in each sensor's process: what is still needed to read maps, kill, isolate and start sensors. Best effort; root without it is the same. */
void own_capabilities_reduce(void)
{
	uint64_t kept = capabilities_permitted() & loader_capabilities;

	if (kept & BIT(CAP_SYS_ADMIN) && !wants_net_admin())
		kept &= ~BIT(CAP_NET_ADMIN);

	bounding_keep(kept);
	capabilities_set(kept, 0);
}

static void become_sensor(const struct options *options)
{
	uint64_t wanted = sensor_capabilities & capabilities_permitted();

	if (geteuid() != 0)
		return;
	if (options->uid != 0) {
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		bounding_keep(wanted);
		if (setgroups((size_t)options->group_count, options->groups) ||
		    setresgid(options->gid, options->gid, options->gid) || setresuid(options->uid, options->uid, options->uid)) {
			perror("vedette-loader: cannot become the sensor's user");
			_exit(126);
		}
	}
	if (capabilities_set(wanted, wanted)) {
		perror("vedette-loader: cannot set the sensor's capabilities");
		_exit(126);
	}
	for (int capability = 0; capability <= 63; capability++)
		if (wanted & BIT(capability))
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void run_sensor(const struct options *options, int records, int commands)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	/* above 4 first: either end may already be 3 or 4 */
	records = fcntl(records, F_DUPFD, 10);
	commands = fcntl(commands, F_DUPFD, 10);
	dup2(records, 3);
	dup2(commands, 4);
	syscall(SYS_close_range, 5, ~0u, 0);
	own_capabilities_reduce();	/* the first one is started before we have done so ourselves */
	become_sensor(options);
	setenv("VEDETTE_RECORDS_FD", "3", 1);
	setenv("VEDETTE_COMMANDS_FD", "4", 1);
	execvp(options->command[0], options->command);
	perror("vedette-loader: cannot start the sensor");
	_exit(127);
}

/* A fresh pipe and socket pair for each sensor, so that nothing of the old one's is in them. */
int child_start(struct loader *loader)
{
	int records[2], commands[2];

	if (pipe2(records, O_CLOEXEC))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, commands)) {
		int error = -errno;

		close(records[0]);
		close(records[1]);
		return error;
	}
	fcntl(records[1], F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(records[1], F_SETFL, O_NONBLOCK);
	loader->child = fork();
	if (loader->child == 0)
		run_sensor(&loader->options, records[0], commands[1]);
	close(records[0]);
	close(commands[1]);
	loader->pipe_fd = records[1];
	loader->command_fd = commands[0];
	if (loader->child < 0) {
		close(records[1]);
		close(commands[0]);
		return -EAGAIN;
	}
	return 0;
}
