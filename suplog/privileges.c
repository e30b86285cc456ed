/* SPDX-License-Identifier: MIT */

#include "suplog/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"

/* ---- capabilities ---- */

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	/* Old kernels have no ambient ones; with the others these go too. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int privileges_drop(void)
{
	const struct rlimit no_core = {0, 0};
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = drop_capabilities();
	if (r)
		return r;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* ---- Landlock ---- */

/* As the kernel has it since 6.12; headers may be older. An older kernel takes it as long as what
 * it does not know is zero. */
struct ruleset {
	uint64_t files, net, scoped;
};

#define LAST_OF_ABI_1 LANDLOCK_ACCESS_FS_MAKE_SYM
#define REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define NET_ALL UINT64_C(3)           /* ABI 4: bind and connect */
#define IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define SCOPED_ALL UINT64_C(3)        /* ABI 6: abstract sockets, signals */

/* What a log keeper does with files. */
#define ALLOWED                                                                                    \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                            \
	 LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | REFER | TRUNCATE)

static struct ruleset ruleset_of(long abi)
{
	struct ruleset rules = {.files = LAST_OF_ABI_1 | (LAST_OF_ABI_1 - 1)};

	if (abi >= 2)
		rules.files |= REFER;
	if (abi >= 3)
		rules.files |= TRUNCATE;
	if (abi >= 4)
		rules.net = NET_ALL;
	if (abi >= 5)
		rules.files |= IOCTL_DEV;
	if (abi >= 6)
		rules.scoped = SCOPED_ALL;
	return rules;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int confine(const struct ruleset *rules, int folder)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = ALLOWED & rules->files,
		.parent_fd = folder,
	};
	int fd CLEANUP(close_fd) =
		(int)syscall(SYS_landlock_create_ruleset, rules, sizeof(*rules), 0);

	if (fd < 0)
		return -errno;
	if (folder >= 0 &&
	    syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}

int privileges_confine(int folder)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules;

	tzset();
	if (abi < 1)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 1 : -errno;
	rules = ruleset_of(abi);
	return confine(&rules, folder);
}
