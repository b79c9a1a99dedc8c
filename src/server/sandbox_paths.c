// SPDX-License-Identifier: MIT
// Collects paths; see the header.
#include "sandbox_paths_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox_sanitizer_priv.h"

// Name resolution of c-ares, OpenSSL's settings and the system's certificate store, what
// is asked of the kernel. What is missing is passed over.
static const char *const system_files[] = {
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/nsswitch.conf",
	"/etc/services",
	"/etc/localtime",
	"/etc/ssl/openssl.cnf",
	"/etc/ssl/certs",
	"/etc/ssl/cert.pem",
	"/etc/pki/tls",
	"/etc/pki/ca-trust",
	"/etc/ca-certificates",
	"/usr/lib/ssl",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/usr/share/zoneinfo",
	"/dev/urandom",
	"/proc/self",
	"/proc/meminfo",
	"/proc/sys",
	"/sys/devices/system/cpu",
	"/sys/fs/cgroup",
};

void sandbox_paths_add(
	struct sandbox_paths *paths, const char *path, enum sandbox_access access)
{
	struct sandbox_path *items =
		realloc(paths->items, (paths->count + 1) * sizeof(*items));
	char *copy = str_copy(str_from(path));
	if (items)
		paths->items = items;
	if (!items || !copy) {
		free(copy);
		paths->is_failed = true;
		return;
	}
	items[paths->count++] = (struct sandbox_path){copy, access};
}

static void add_parent(
	struct sandbox_paths *paths, const char *path, enum sandbox_access access)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	char *folder = length > 0 ? str_copy((struct str){path, length}) : NULL;
	if (length > 0 && !folder)
		paths->is_failed = true;
	else
		sandbox_paths_add(paths, folder ? folder : slash ? "/" : ".", access);
	free(folder);
}

void sandbox_paths_add_folder_of(
	struct sandbox_paths *paths, const char *path, enum sandbox_access access)
{
	add_parent(paths, path, access);
	char *target = realpath(path, NULL);
	if (target)
		add_parent(paths, target, access);
	free(target);
}

// A device or a pipe is no file that could be moved away.
static void add_output(struct sandbox_paths *paths, const char *target)
{
	struct stat status;
	if (!strchr(target, '/'))
		return; // "stdout" and the like are open already
	if (stat(target, &status) == 0 && !S_ISREG(status.st_mode))
		sandbox_paths_add(paths, target, SANDBOX_WRITE);
	else
		sandbox_paths_add_folder_of(paths, target, SANDBOX_LOG);
}

static void add_socket(struct sandbox_paths *paths, const struct addr *address)
{
	if (addr_is_unix(address))
		sandbox_paths_add_folder_of(
			paths, address->local.sun_path, SANDBOX_SOCKETS);
}

// Where else OpenSSL finds the system's certificates.
static void add_variable(struct sandbox_paths *paths, const char *name)
{
	const char *path = getenv(name);
	if (path)
		sandbox_paths_add(paths, path, SANDBOX_READ);
}

static void add_system(struct sandbox_paths *paths)
{
	for (size_t i = 0; i < sizeof(system_files) / sizeof(system_files[0]); i++)
		sandbox_paths_add(paths, system_files[i], SANDBOX_READ);
	sandbox_paths_add(paths, "/dev/null", SANDBOX_WRITE);
	add_variable(paths, "SSL_CERT_FILE");
	add_variable(paths, "SSL_CERT_DIR");
	sandbox_sanitizer_add_paths(paths);
}

void sandbox_paths_collect(
	struct sandbox_paths *paths, const struct conf *conf, const struct addr *control)
{
	*paths = (struct sandbox_paths){0};
	add_system(paths);
	if (conf->path)
		sandbox_paths_add_folder_of(paths, conf->path, SANDBOX_READ);
	for (const struct conf_file_link *link = conf->files; link; link = link->next)
		sandbox_paths_add_folder_of(paths, link->file.path, SANDBOX_READ);
	add_output(paths, conf->log.events);
	add_output(paths, conf->log.access);
	for (size_t i = 0; i < conf->listener_count; i++)
		add_socket(paths, &conf->listeners[i].address);
	if (conf->has_status)
		add_socket(paths, &conf->status);
	add_socket(paths, control);
}

void sandbox_paths_finish(struct sandbox_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i].path);
	free(paths->items);
	*paths = (struct sandbox_paths){0};
}
