// SPDX-License-Identifier: MIT
// Builds and loads the filter; see the header. libseccomp would build it as well, but an
// allocation that fails within it leaves calls out without a word; this needs none.
#include "sandbox_seccomp_priv.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_calls_priv.h"
#include "sandbox_sanitizer_priv.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#define ARCH 0 // no filter: the numbers of system calls are another architecture's affair
#endif

// glibc names the memory of malloc with it (2.39); unknown to the headers of Debian 12.
#define SET_VMA 0x53564d41
#define X32_CALL 0x40000000 // the other set of calls that a 64-bit x86 has

enum {
	FILTER_MAX = 1024, // instructions; about 600 are used
	REFUSE = SECCOMP_RET_ERRNO | EPERM,
	LACKING = SECCOMP_RET_ERRNO | ENOSYS
};

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short length;
	bool is_full;
};

static void add(struct filter *filter, struct sock_filter instruction)
{
	if (filter->length < FILTER_MAX)
		filter->code[filter->length++] = instruction;
	else
		filter->is_full = true;
}

static void load_field(struct filter *filter, size_t offset)
{
	add(filter,
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void end_with(struct filter *filter, uint32_t action)
{
	add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

// Ends with the action if the comparison with what is loaded holds.
static void end_if(
	struct filter *filter, unsigned short compare, uint32_t value, uint32_t action)
{
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | compare | BPF_K, value, 0, 1));
	end_with(filter, action);
}

static void add_list(struct filter *filter, const int *calls, uint32_t action)
{
	for (; *calls != SANDBOX_CALLS_END; calls++) {
		if (*calls >= 0) // this machine has it
			end_if(filter, BPF_JEQ, (uint32_t)*calls, action);
	}
}

// What decides about a call by one of its arguments. The kernel takes these as 32 bits,
// or the bits asked for lie there.
struct argument_rule {
	int call;
	unsigned argument;
	unsigned short compare; // BPF_JEQ: one of values is allowed, all else refused;
				// BPF_JSET: with this bit
	uint32_t values[8];
	size_t count;
	uint32_t if_so, if_not;
};

static void add_rule(struct filter *filter, const struct argument_rule *rule)
{
	if (rule->call < 0)
		return;
	// The two instructions around the values, and two for each of them.
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			    (uint32_t)rule->call, 0, (uint8_t)(2 + 2 * rule->count)));
	load_field(filter,
		offsetof(struct seccomp_data, args) + rule->argument * sizeof(uint64_t));
	for (size_t i = 0; i < rule->count; i++)
		end_if(filter, rule->compare, rule->values[i], rule->if_so);
	end_with(filter, rule->if_not);
}

// No packet, netlink or kernel crypto sockets. Asking sockets and terminals, but not
// typing into terminals (TIOCSTI).
static void add_descriptors(struct filter *filter)
{
	static const struct argument_rule rules[] = {
		{SANDBOX_CALL_SOCKET, 0, BPF_JEQ, {AF_UNIX, AF_INET, AF_INET6}, 3,
			SECCOMP_RET_ALLOW, REFUSE},
		{SANDBOX_CALL_SOCKETPAIR, 0, BPF_JEQ, {AF_UNIX}, 1, SECCOMP_RET_ALLOW,
			REFUSE},
		{SANDBOX_CALL_IOCTL, 1, BPF_JEQ,
			{FIONBIO, FIONREAD, SIOCOUTQ, SIOCOUTQNSD, TCGETS, TIOCGWINSZ,
				FIOCLEX},
			7, SECCOMP_RET_ALLOW, LACKING},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		add_rule(filter, &rules[i]);
}

// Threads, but no processes: what clone3 is asked for lies in memory, where a filter
// can't look; without it the C library takes clone. No signals but to itself: abort() and
// the C library's own. No memory becomes code any more: what is loaded later than the
// start (a provider of OpenSSL) must be in openssl.cnf, which is read before.
static void add_process(struct filter *filter)
{
	const uint32_t own = (uint32_t)getpid();
	const struct argument_rule rules[] = {
		{SANDBOX_CALL_CLONE, 0, BPF_JSET, {CLONE_THREAD}, 1, SECCOMP_RET_ALLOW,
			REFUSE},
		{SANDBOX_CALL_PRCTL, 0, BPF_JEQ,
			{PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, SET_VMA}, 4,
			SECCOMP_RET_ALLOW, LACKING},
		{SANDBOX_CALL_KILL, 0, BPF_JEQ, {own}, 1, SECCOMP_RET_ALLOW, REFUSE},
		{SANDBOX_CALL_TGKILL, 0, BPF_JEQ, {own}, 1, SECCOMP_RET_ALLOW, REFUSE},
		{SANDBOX_CALL_MMAP, 2, BPF_JSET, {PROT_EXEC}, 1, REFUSE,
			SECCOMP_RET_ALLOW},
		{SANDBOX_CALL_MPROTECT, 2, BPF_JSET, {PROT_EXEC}, 1, REFUSE,
			SECCOMP_RET_ALLOW},
		{SANDBOX_CALL_PKEY_MPROTECT, 2, BPF_JSET, {PROT_EXEC}, 1, REFUSE,
			SECCOMP_RET_ALLOW},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		add_rule(filter, &rules[i]);
}

static void build(struct filter *filter)
{
	load_field(filter, offsetof(struct seccomp_data, arch));
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	end_with(filter, SECCOMP_RET_KILL_PROCESS); // only an attack is that
	load_field(filter, offsetof(struct seccomp_data, nr));
	if (ARCH == AUDIT_ARCH_X86_64)
		end_if(filter, BPF_JGE, X32_CALL, SECCOMP_RET_KILL_PROCESS);
	// First what the kernel asks about each time: of calls that their number alone
	// decides about, it remembers the answer.
	add_descriptors(filter);
	if (!SANDBOX_SANITIZER) // sandbox_calls_sanitizer has these calls as a whole
		add_process(filter);
	add_list(filter, sandbox_calls_allowed, SECCOMP_RET_ALLOW);
	add_list(filter, sandbox_calls_sanitizer, SECCOMP_RET_ALLOW);
	add_list(filter, sandbox_calls_refused, REFUSE);
	end_with(filter, LACKING);
}

int sandbox_seccomp_enter(void)
{
	struct filter filter = {.length = 0};
	if (ARCH == 0)
		return ENOSYS;
	build(&filter);
	if (filter.is_full)
		return E2BIG;
	struct sock_fprog program = {.len = filter.length, .filter = filter.code};
	// LOG: who looks for the cause of an EPERM finds it. SPEC_ALLOW: no code of
	// others runs here, so no defence against it need slow us down.
	unsigned long flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
			      SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (result > 0)
		return ESRCH; // a thread that could not be brought along
	return result < 0 ? errno : 0;
}
