/* SPDX-License-Identifier: BSD-2-Clause */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/landlock.h> is missing or older than the kernel on systems that we build on. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_REG (1ULL << 8)
#define FS_ALL_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* All that this kernel can forbid. An older one knows only the head of the struct. */
static int make_ruleset(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	struct ruleset_attr attr = {.handled_access_fs = FS_ALL_1};
	size_t size = sizeof(attr.handled_access_fs);

	if (abi < 0)
		return -errno;
	if (abi >= 2)
		attr.handled_access_fs |= FS_REFER;
	if (abi >= 3)
		attr.handled_access_fs |= FS_TRUNCATE;
	if (abi >= 5)
		attr.handled_access_fs |= FS_IOCTL_DEV;
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	abi = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	return abi < 0 ? -errno : (int)abi;
}

static int add_rest(int ruleset, const struct landlock_rest *rest)
{
	struct path_beneath_attr attr = {
		.allowed_access = rest->what == LANDLOCK_READ
					  ? FS_EXECUTE | FS_READ_FILE | FS_READ_DIR
					  : FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG,
		.parent_fd = open(rest->path, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	int err = 0;

	if (attr.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0) < 0)
		err = -errno;
	close(attr.parent_fd);
	return err;
}

int landlock_enter(const struct landlock_rest *rest, size_t n)
{
	int ruleset = make_ruleset(), err = 0;

	if (ruleset < 0)
		return ruleset;
	for (size_t i = 0; i < n && !err; i++)
		err = add_rest(ruleset, &rest[i]);
	if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		err = -errno;
	close(ruleset);
	return err;
}
