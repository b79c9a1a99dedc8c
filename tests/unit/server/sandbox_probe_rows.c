// SPDX-License-Identifier: MIT
// The attempts: good ones first, then those that must fail.
#include "sandbox_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define TRY(name, call)                                                                  \
	static int name(const struct probe_folders *folders)                             \
	{                                                                                \
		(void)folders;                                                           \
		errno = 0;                                                               \
		return (long)(call) < 0 ? errno : 0;                                     \
	}

static int open_in(const char *folder, const char *name, int flags)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

// sockets, waiting, memory, threads
TRY(try_inet, socket(AF_INET, SOCK_STREAM, 0))
TRY(try_inet6, socket(AF_INET6, SOCK_DGRAM, 0))
TRY(try_unix, socket(AF_UNIX, SOCK_STREAM, 0))
TRY(try_socketpair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}))
TRY(try_epoll, epoll_create1(0))
TRY(try_eventfd, eventfd(0, 0))
TRY(try_timerfd, timerfd_create(CLOCK_MONOTONIC, 0))
TRY(try_inotify, inotify_init1(0))
TRY(try_getrandom, getrandom((char[8]){0}, 8, 0))
TRY(try_sched, sched_yield())
TRY(try_thread_name, prctl(PR_SET_NAME, "probe", 0, 0, 0))

static int try_memory(const struct probe_folders *folders)
{
	void *data = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return errno;
	return madvise(data, 1 << 20, MADV_DONTDUMP) == 0 &&
			       mprotect(data, 4096, PROT_READ) == 0 &&
			       munmap(data, 1 << 20) == 0
		       ? 0
		       : errno;
}

static void *open_shadow(void *arg)
{
	*(int *)arg = open("/etc/shadow", O_RDONLY) < 0 ? errno : 0;
	return NULL;
}

// The number that a thread of its own gets for opening /etc/shadow.
static int try_shadow_in_thread(const struct probe_folders *folders)
{
	pthread_t thread;
	int result = 0;
	int error = pthread_create(&thread, NULL, open_shadow, &result);
	return error != 0 || pthread_join(thread, NULL) != 0 ? -1 : result;
}

static int try_own_signal(const struct probe_folders *folders)
{
	(void)signal(SIGUSR1, SIG_IGN);
	return raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0 ? 0 : errno;
}

// files
TRY(try_read, open_in(folders->read, "file", O_RDONLY))
TRY(try_append, open_in(folders->logs, "old", O_WRONLY | O_APPEND | O_CREAT))
TRY(try_create_log, open_in(folders->logs, "new", O_WRONLY | O_APPEND | O_CREAT))
TRY(try_hosts, open("/etc/hosts", O_RDONLY))
TRY(try_self, open("/proc/self/statm", O_RDONLY))
TRY(try_null, open("/dev/null", O_RDWR))

static int try_bind(const struct probe_folders *folders)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
		folders->sockets);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return errno;
	return unlink(address.sun_path) == 0 ? 0 : errno;
}

TRY(try_shadow, open("/etc/shadow", O_RDONLY))
TRY(try_passwd, open("/etc/passwd", O_RDONLY))
TRY(try_other, open_in(folders->other, "file", O_RDONLY))
TRY(try_write_read, open_in(folders->read, "file", O_WRONLY))
TRY(try_create_read, open_in(folders->read, "new", O_WRONLY | O_CREAT))
TRY(try_read_log, open_in(folders->logs, "old", O_RDONLY))
TRY(try_list, open(folders->logs, O_RDONLY | O_DIRECTORY))
TRY(try_create_other, open_in(folders->other, "new", O_WRONLY | O_CREAT))

static int try_unlink(const struct probe_folders *folders)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/file", folders->read);
	return unlink(path) == 0 ? 0 : errno;
}

// what could hurt
TRY(try_exec, execl("/bin/true", "true", (char *)NULL))
TRY(try_fork, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
TRY(try_ptrace, ptrace(PTRACE_TRACEME, 0, 0, 0))
TRY(try_mount, mount("none", "/mnt", "tmpfs", 0, NULL))
TRY(try_unshare, unshare(CLONE_NEWUSER))
TRY(try_chroot, chroot("/tmp"))
TRY(try_setuid, setuid(0))
TRY(try_packet, socket(AF_PACKET, SOCK_RAW, 0))
TRY(try_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
TRY(try_crypto, socket(AF_ALG, SOCK_SEQPACKET, 0))
TRY(try_keyring, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 0, 0))
TRY(try_bpf, syscall(SYS_bpf, 0, NULL, 0))
TRY(try_io_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRY(try_kill, kill(getppid(), 0))
TRY(try_dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
TRY(try_terminal, ioctl(STDIN_FILENO, TIOCSTI, "x"))
TRY(try_unknown, syscall(9999))

static int try_code(const struct probe_folders *folders)
{
	void *data = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(data, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}

static int try_map_code(const struct probe_folders *folders)
{
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return data != MAP_FAILED ? 0 : errno;
}

const struct probe_row probe_rows[] = {
	{"an IPv4 socket", try_inet, 0, false},
	{"an IPv6 socket", try_inet6, 0, false},
	{"a UNIX socket", try_unix, 0, false},
	{"a socket pair", try_socketpair, 0, false},
	{"epoll", try_epoll, 0, false},
	{"an eventfd", try_eventfd, 0, false},
	{"a timerfd", try_timerfd, 0, false},
	{"inotify", try_inotify, 0, false},
	{"random bytes", try_getrandom, 0, false},
	{"sched_yield", try_sched, 0, false},
	{"the name of a thread", try_thread_name, 0, false},
	{"memory", try_memory, 0, false},
	{"a signal to itself", try_own_signal, 0, false},
	{"reading beside the configuration", try_read, 0, false},
	{"appending to a log", try_append, 0, false},
	{"making a log anew", try_create_log, 0, false},
	{"reading /etc/hosts", try_hosts, 0, false},
	{"reading /proc/self/statm", try_self, 0, false},
	{"opening /dev/null", try_null, 0, false},
	{"making and removing a listener's socket", try_bind, 0, false},

	{"reading /etc/shadow is refused", try_shadow, EACCES, true},
	{"reading /etc/shadow in a thread is refused", try_shadow_in_thread, EACCES,
		true},
	{"reading /etc/passwd is refused", try_passwd, EACCES, true},
	{"reading elsewhere is refused", try_other, EACCES, true},
	{"writing beside the configuration is refused", try_write_read, EACCES, true},
	{"making files beside the configuration is refused", try_create_read, EACCES,
		true},
	{"removing the configuration is refused", try_unlink, EACCES, true},
	{"reading a log is refused", try_read_log, EACCES, true},
	{"listing a log folder is refused", try_list, EACCES, true},
	{"making files elsewhere is refused", try_create_other, EACCES, true},

	{"execve is refused", try_exec, EPERM, false},
	{"fork is refused", try_fork, EPERM, false},
	{"ptrace is refused", try_ptrace, EPERM, false},
	{"mount is refused", try_mount, EPERM, false},
	{"unshare is refused", try_unshare, EPERM, false},
	{"chroot is refused", try_chroot, EPERM, false},
	{"setuid is refused", try_setuid, EPERM, false},
	{"packet sockets are refused", try_packet, EPERM, false},
	{"netlink sockets are refused", try_netlink, EPERM, false},
	{"kernel crypto sockets are refused", try_crypto, EPERM, false},
	{"keyrings are refused", try_keyring, EPERM, false},
	{"bpf is refused", try_bpf, EPERM, false},
	{"io_uring is refused", try_io_uring, EPERM, false},
	{"signals to others are refused", try_kill, EPERM, false},
	{"memory that becomes code is refused", try_code, EPERM, false},
	{"memory that is code is refused", try_map_code, EPERM, false},
	{"becoming dumpable is lacking", try_dumpable, ENOSYS, false},
	{"typing into a terminal is lacking", try_terminal, ENOSYS, false},
	{"a call nobody knows is lacking", try_unknown, ENOSYS, false},
};
const size_t probe_row_count = sizeof(probe_rows) / sizeof(probe_rows[0]);
