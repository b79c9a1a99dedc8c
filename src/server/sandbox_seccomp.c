// SPDX-License-Identifier: MIT
// Builds and loads the filter; see the header.
#include "sandbox_seccomp_priv.h"

#include <errno.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "sandbox_calls_priv.h"
#include "sandbox_sanitizer_priv.h"

// glibc names the memory of malloc with it (2.39); unknown to the headers of Debian 12.
#define SET_VMA 0x53564d41

static const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
static const uint32_t lacking = SCMP_ACT_ERRNO(ENOSYS);

// Returns 0 or -errno, as libseccomp does. A call that this machine does not have needs
// no rule.
static int add(scmp_filter_ctx filter, uint32_t action, int call)
{
	int result = seccomp_rule_add(filter, action, call, 0);
	return result == -EDOM ? 0 : result;
}

static int allow_list(scmp_filter_ctx filter, const int *calls)
{
	int result = 0;
	for (; *calls != SANDBOX_CALLS_END && result == 0; calls++)
		result = add(filter, SCMP_ACT_ALLOW, *calls);
	return result;
}

static bool is_for_sanitizer(int call)
{
	const int *one = sandbox_calls_sanitizer;
	while (*one != SANDBOX_CALLS_END && *one != call)
		one++;
	return *one == call;
}

static int refuse_list(scmp_filter_ctx filter, const int *calls)
{
	int result = 0;
	for (; *calls != SANDBOX_CALLS_END && result == 0; calls++) {
		if (!is_for_sanitizer(*calls))
			result = add(filter, refuse, *calls);
	}
	return result;
}

// Allows the call if its argument is one of values.
static int allow_values(scmp_filter_ctx filter, int call, unsigned argument,
	const uint64_t *values, size_t count)
{
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		struct scmp_arg_cmp is_value = {
			argument, SCMP_CMP_EQ, values[i], values[i]};
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ALLOW, call, 1, &is_value);
	}
	return result;
}

// Allows or refuses the call if its argument has all, or none, of these bits.
static int add_masked(scmp_filter_ctx filter, uint32_t action, int call,
	unsigned argument, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp has_bits = {argument, SCMP_CMP_MASKED_EQ, mask, value};
	int result = seccomp_rule_add_array(filter, action, call, 1, &has_bits);
	return result == -EDOM ? 0 : result;
}

// Allows the call if its argument is value, else refuses it.
static int add_single(scmp_filter_ctx filter, int call, unsigned argument, uint64_t value)
{
	struct scmp_arg_cmp is_value = {argument, SCMP_CMP_EQ, value, value};
	struct scmp_arg_cmp is_other = {argument, SCMP_CMP_NE, value, value};
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &is_value);
	if (result == 0)
		result = seccomp_rule_add_array(filter, refuse, call, 1, &is_other);
	return result;
}

#define VALUES(array) (array), sizeof(array) / sizeof((array)[0])

// No packet, netlink or kernel crypto sockets: families above IPv6 are refused by one
// rule, the few below it one by one.
static int add_socket(scmp_filter_ctx filter)
{
	static const uint64_t families[] = {AF_UNIX, AF_INET, AF_INET6};
	struct scmp_arg_cmp is_above = {0, SCMP_CMP_GT, AF_INET6, 0};
	int result = allow_values(filter, SCMP_SYS(socket), 0, VALUES(families));
	for (uint64_t family = 0; family < AF_INET6 && result == 0; family++) {
		struct scmp_arg_cmp is_family = {0, SCMP_CMP_EQ, family, family};
		if (family != AF_UNIX && family != AF_INET)
			result = seccomp_rule_add_array(
				filter, refuse, SCMP_SYS(socket), 1, &is_family);
	}
	if (result == 0)
		result = seccomp_rule_add_array(
			filter, refuse, SCMP_SYS(socket), 1, &is_above);
	return result == 0 ? add_single(filter, SCMP_SYS(socketpair), 0, AF_UNIX)
			   : result;
}

// Asking sockets and terminals, but not typing into terminals (TIOCSTI).
static int add_ioctl(scmp_filter_ctx filter)
{
	static const uint64_t requests[] = {
		FIONBIO, FIONREAD, SIOCOUTQ, SIOCOUTQNSD, TCGETS, TIOCGWINSZ, FIOCLEX};
	return allow_values(filter, SCMP_SYS(ioctl), 1, VALUES(requests));
}

// Threads, but no processes. What clone3 is asked for lies in memory, where a filter
// can't look: without it the C library takes clone.
static int add_threads(scmp_filter_ctx filter)
{
	static const uint64_t options[] = {
		PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, SET_VMA};
	int result = add_masked(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
	if (result == 0)
		result = add_masked(filter, refuse, SCMP_SYS(clone), 0, CLONE_THREAD, 0);
	if (result == 0)
		result = allow_values(filter, SCMP_SYS(prctl), 0, VALUES(options));
	return result;
}

// abort() and the C library's own signals.
static int add_signals(scmp_filter_ctx filter)
{
	uint64_t own = (uint64_t)getpid();
	int result = add_single(filter, SCMP_SYS(kill), 0, own);
	return result == 0 ? add_single(filter, SCMP_SYS(tgkill), 0, own) : result;
}

// No memory becomes code any more. What is loaded later than the start (a provider of
// OpenSSL) would need it: it must be in openssl.cnf, which is read before.
static int add_memory(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect),
		SCMP_SYS(pkey_mprotect)};
	int result = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && result == 0; i++) {
		result = add_masked(filter, SCMP_ACT_ALLOW, calls[i], 2, PROT_EXEC, 0);
		if (result == 0)
			result = add_masked(
				filter, refuse, calls[i], 2, PROT_EXEC, PROT_EXEC);
	}
	return result;
}

static int add_rules(scmp_filter_ctx filter)
{
	int result = allow_list(filter, sandbox_calls_allowed);
	if (result == 0)
		result = allow_list(filter, sandbox_calls_sanitizer);
	if (result == 0)
		result = refuse_list(filter, sandbox_calls_refused);
	if (result == 0)
		result = add_socket(filter);
	if (result == 0)
		result = add_ioctl(filter);
	if (SANDBOX_SANITIZER)
		return result; // sandbox_calls_sanitizer has these calls as a whole
	if (result == 0)
		result = add_threads(filter);
	if (result == 0)
		result = add_signals(filter);
	if (result == 0)
		result = add_memory(filter);
	return result;
}

static int set_attributes(scmp_filter_ctx filter)
{
	static const struct {
		enum scmp_filter_attr name;
		uint32_t value;
	} attributes[] = {
		{SCMP_FLTATR_ACT_BADARCH,
			SCMP_ACT_KILL_PROCESS}, // only an attack is that
		{SCMP_FLTATR_CTL_NNP, 0},       // sandbox.c has done it
		{SCMP_FLTATR_CTL_LOG, 1}, // who looks for the cause of an EPERM finds it
		{SCMP_FLTATR_CTL_SSB, 1}, // no code of others runs here: stay fast
		{SCMP_FLTATR_CTL_TSYNC, 1},
		{SCMP_FLTATR_CTL_OPTIMIZE, 2}, // a tree instead of a long chain
	};
	int result = 0;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && result == 0;
		i++)
		result =
			seccomp_attr_set(filter, attributes[i].name, attributes[i].value);
	return result;
}

int sandbox_seccomp_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(lacking);
	if (!filter)
		return ENOMEM;
	int result = set_attributes(filter);
	if (result == 0)
		result = add_rules(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return -result;
}
