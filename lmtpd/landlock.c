/*
 * Landlock by the kernel's own interface.  Trusts the kernel, and tells it
 * only what it says it knows.
 *
 * The numbers are written here, since the headers that lmtpd is built with are
 * older than the kernels that it runs on.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

struct ruleset {
	uint64_t	 fs;		/* what is denied, but for rules */
	uint64_t	 net;		/* version 4 */
	uint64_t	 scoped;	/* version 6 */
};

struct port_rule {
	uint64_t	 access;
	uint64_t	 port;
} __attribute__((packed));

enum {
	RULESET_VERSION = 1,	/* a flag: tell the version */
	RULE_PORT = 2,		/* a type of rule */
	TCP_BIND = 1,
	TCP_CONNECT = 2,
	SCOPED = 3		/* abstract unix sockets, signals */
};

/* Accesses to files that each version added, as bits up to this one. */
static const unsigned int fs_bits[] = { 0, 13, 14, 15, 15, 16 };

/* All that this version of Landlock can deny. */
static void
deny_all(int version, struct ruleset *rules)
{
	size_t known = version < (int)NELEM(fs_bits) ?
	    (size_t)version : NELEM(fs_bits) - 1;

	memset(rules, 0, sizeof(*rules));
	rules->fs = (UINT64_C(1) << fs_bits[known]) - 1;
	if (version >= 4)
		rules->net = TCP_BIND | TCP_CONNECT;
	if (version >= 6)
		rules->scoped = SCOPED;
}

int
landlock_deny_all(uint16_t but_port)
{
	struct port_rule but = { TCP_CONNECT, but_port };
	struct ruleset rules;
	int fd, rc = 0, version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    RULESET_VERSION);
	if (version < 1)
		return -1;
	deny_all(version, &rules);
	fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd == -1)
		return -1;
	if (rules.net != 0 && but_port != LANDLOCK_NO_PORT)
		rc = syscall(SYS_landlock_add_rule, fd, RULE_PORT, &but, 0);
	if (rc == 0)
		rc = syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return rc;
}
